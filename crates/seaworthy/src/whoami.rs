//! Who the user is, as the API server knows it.

use anyhow::{Context, Result};
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::Client;
use kube::api::{Api, PostParams};

/// The user's name. The API has the question sent as a `create`; nothing is created by it.
pub(crate) async fn whoami(client: Client) -> Result<String> {
    let unknown = "the API server does not say who you are";
    let reviews: Api<SelfSubjectReview> = Api::all(client);
    let review =
        reviews.create(&PostParams::default(), &SelfSubjectReview::default()).await.context(unknown)?;
    review.status.and_then(|status| status.user_info).and_then(|user| user.username).context(unknown)
}
