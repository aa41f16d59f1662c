//! What time it is in the world: every answer says it, as those of real servers do. Whoever reckons ages by
//! another clock would find all of it in the future, since the world goes faster.

use http::{HeaderValue, Response, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

/// An answer that was given at this time.
pub(super) fn dated<T>(mut answer: Response<T>, now: Timestamp) -> Response<T> {
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok();
    if let Some(date) = date.and_then(|date| HeaderValue::from_str(&date).ok()) {
        answer.headers_mut().insert(header::DATE, date);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_bears_the_date_of_the_world() {
        let answer = dated(Response::new(()), "2026-01-01T12:00:00Z".parse().unwrap());
        assert_eq!(answer.headers()[header::DATE], "Thu, 01 Jan 2026 12:00:00 GMT");
    }
}
