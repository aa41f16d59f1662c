//! A log that is followed while it is written.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::Logs;
use super::cut::Cut;
use crate::storage::Address;

/// How often it is looked whether more was written.
const LOOK_EVERY: Duration = Duration::from_secs(1);

struct Followed {
    logs: Arc<dyn Logs>,
    pod: Address,
    container: String,
    /// All that was read so far.
    read: String,
    cut: Cut,
    /// Whether what there was in the beginning is told.
    has_begun: bool,
}

/// What was wanted of `log`, and then whatever comes to it until the run of the container is over.
pub(super) fn follow(
    logs: Arc<dyn Logs>,
    pod: Address,
    container: String,
    log: String,
    cut: Cut,
) -> BoxStream<'static, Bytes> {
    let followed = Followed { logs, pod, container, read: log, cut, has_begun: false };
    stream::unfold(followed, Followed::next).boxed()
}

impl Followed {
    async fn next(mut self) -> Option<(Bytes, Self)> {
        if !self.has_begun {
            self.has_begun = true;
            return Some((self.cut.whole(&self.read).into(), self));
        }
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            // One that is gone, or that begins otherwise, is another run's.
            let log = self.logs.read(&self.pod, &self.container, false)?;
            let more = self.cut.more(log.strip_prefix(self.read.as_str())?);
            self.read = log;
            if !more.is_empty() {
                return Some((more.into(), self));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::kinds;

    struct Written(Mutex<Option<String>>);

    impl Logs for Written {
        fn read(&self, _: &Address, _: &str, _: bool) -> Option<String> {
            self.0.lock().unwrap().clone()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_is_told_until_the_run_is_another() {
        let written = Arc::new(Written(Mutex::new(Some("a\n".to_owned()))));
        let set = |log: &str| *written.0.lock().unwrap() = Some(log.to_owned());
        let pod = Address::new(kinds::POD, "shop", "web");
        let logs: Arc<dyn Logs> = written.clone();
        let mut pieces = follow(logs, pod, "main".to_owned(), "a\n".to_owned(), Cut::default());
        assert_eq!(pieces.next().await.unwrap(), "a\n");
        set("a\nb\n");
        assert_eq!(pieces.next().await.unwrap(), "b\n");
        set("c\n");
        assert_eq!(pieces.next().await, None);
    }
}
