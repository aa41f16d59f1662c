//! A version is rolled out whose image is not there.

use std::time::Duration;

use super::{Chapter, set_image};

const CART: &str = "Deployment/shop/cart";
const DEADLINE_S: u64 = 60;

pub(super) const CHAPTER: Chapter = Chapter {
    name: "rollout",
    title: "A bad rollout",
    befalls: "cart gets a version whose image does not exist.",
    look_for: "Its pods' trouble is folded under it. A restart is no help: only observed.",
    mended: "cart's owner rolls it back",
    at: Duration::from_secs(150),
    lasts: Duration::from_secs(200),
    subjects: &[CART],
    begin: |stage| {
        let image = "registry.test/cart:no-such-tag";
        stage.kubelets().image_gone(image);
        set_image(stage, CART, image, DEADLINE_S);
    },
    end: |stage| set_image(stage, CART, "registry.test/cart:1", DEADLINE_S * 10),
};
