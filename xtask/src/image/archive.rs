//! An OCI archive with one layer and one file. The same program gives the same bytes: no dates, no order by chance.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// The `nonroot` of the distroless images: a number that means nobody on any node.
const USER: &str = "65532:65532";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// Not compressed: the archive is read on the machine that wrote it.
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// Writes an image of this name that holds `program` as `/seaworthy` and nothing else.
pub(super) fn write(name: &str, program: &[u8], output: &Path) -> Result<()> {
    let layer = layer(program)?;
    let architecture = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "amd64" };
    let config = bytes(&json!({
        "architecture": architecture,
        "os": "linux",
        "config": { "Entrypoint": ["/seaworthy"], "User": USER, "WorkingDir": "/" },
        "rootfs": { "type": "layers", "diff_ids": [digest(&layer)] },
    }));
    let manifest = bytes(&json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(CONFIG, &config),
        "layers": [descriptor(LAYER, &layer)],
    }));
    let mut listed = descriptor(MANIFEST, &manifest);
    listed["annotations"] = json!({
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": name.rsplit_once(':').map_or("latest", |(_, tag)| tag),
    });
    let index = bytes(&json!({ "schemaVersion": 2, "manifests": [listed] }));

    let file = File::create(output).with_context(|| format!("cannot write {}", output.display()))?;
    let mut archive = tar::Builder::new(BufWriter::new(file));
    add(&mut archive, "oci-layout", &bytes(&json!({ "imageLayoutVersion": "1.0.0" })), 0o644)?;
    for blob in [&layer, &config, &manifest] {
        let path = format!("blobs/{}", digest(blob).replace(':', "/"));
        add(&mut archive, &path, blob, 0o644)?;
    }
    add(&mut archive, "index.json", &index, 0o644)?;
    archive.into_inner()?.flush()?;
    Ok(())
}

fn layer(program: &[u8]) -> Result<Vec<u8>> {
    let mut layer = tar::Builder::new(Vec::new());
    add(&mut layer, "seaworthy", program, 0o755)?;
    Ok(layer.into_inner()?)
}

fn add<W: Write>(archive: &mut tar::Builder<W>, path: &str, content: &[u8], mode: u32) -> Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(mode);
    header.set_mtime(0);
    Ok(archive.append_data(&mut header, path, content)?)
}

fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest(content), "size": content.len() })
}

fn digest(content: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(content)))
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}
