//! Connecting, and being told why not.

use cluster::connect::{Error, Options, connect};

use crate::support;

/// The testbed's kubeconfig with something in it replaced.
async fn with(change: impl Fn(&mut serde_json::Value)) -> Error {
    let text = std::fs::read_to_string(std::env::var("KUBECONFIG").unwrap()).unwrap();
    let mut config: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
    change(&mut config);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, config.to_string()).unwrap();
    let options = Options { kubeconfig: Some(path), ..Options::default() };
    connect(&options).await.expect_err("it connected")
}

#[tokio::test]
async fn each_way_not_to_connect_has_its_words() {
    if support::cluster("each_way_not_to_connect_has_its_words").await.is_none() {
        return;
    }
    let error = with(|config| config["users"][0]["user"] = serde_json::json!({"token": "not-one"})).await;
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
    let error = with(|config| {
        let cluster = &mut config["clusters"][0]["cluster"];
        cluster.as_object_mut().unwrap().retain(|key, _| key == "server");
    })
    .await;
    assert!(error.to_string().contains("certificate authority"), "{error}");
    let error =
        with(|config| config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1".into()).await;
    assert!(error.to_string().contains("cannot be reached"), "{error}");
}
