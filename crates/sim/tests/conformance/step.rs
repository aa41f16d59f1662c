//! One call, and what must come of it.

use serde_json::Value;

/// Calls that belong together, in a namespace of their own.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) steps: Vec<Step>,
}

/// A call and what must come of it. In paths and bodies, `{ns}` stands for the namespace, and
/// `{word}` for what an earlier step kept under that word.
#[derive(Clone)]
pub(crate) struct Step {
    /// A method of HTTP, or [`BEGIN`] or [`END`] of a fault, whose name, and node or setting, are the path.
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) content_type: &'static str,
    pub(crate) body: Value,
    /// Who asks; empty for the administrator.
    pub(crate) user: &'static str,
    pub(crate) code: u16,
    /// The `reason` of the `Status`; empty for none.
    pub(crate) reason: &'static str,
    /// JSON pointers into the answer, and what must be there.
    pub(crate) fields: Vec<(&'static str, Value)>,
    /// JSON pointers at which there must be nothing.
    pub(crate) least: Vec<(&'static str, i64)>,
    pub(crate) absent: Vec<&'static str>,
    /// What the message must contain.
    pub(crate) message: &'static str,
    /// What is kept for later steps: a word and a JSON pointer.
    pub(crate) kept: Vec<(&'static str, &'static str)>,
    /// Of a watch: the events until it ends, by type and name.
    pub(crate) events: Option<Vec<(&'static str, &'static str)>>,
    /// Whether the call is repeated until all of this holds.
    pub(crate) is_awaited: bool,
    /// Which part of the answer is the same on simulator and real server, down to the last field.
    pub(crate) compared: &'static str,
}

/// A fault begins.
pub(crate) const BEGIN: &str = "BEGIN";
/// A fault ends.
pub(crate) const END: &str = "END";
/// The pointer of a whole answer.
const WHOLE: &str = "";
/// No pointer: beyond what the step expects, nothing is compared.
pub(crate) const NOTHING: &str = "nothing";

impl Step {
    fn new(method: &'static str, path: &str, content_type: &'static str, body: Value) -> Self {
        Self {
            method,
            path: path.to_owned(),
            content_type,
            body,
            user: "",
            code: 200,
            reason: "",
            fields: Vec::new(),
            least: Vec::new(),
            absent: Vec::new(),
            message: "",
            kept: Vec::new(),
            events: None,
            is_awaited: false,
            compared: WHOLE,
        }
    }

    /// It is answered with this code.
    pub(crate) fn gives(self, code: u16) -> Self {
        Self { code, ..self }
    }

    /// It is refused with this code and reason.
    pub(crate) fn refused(self, code: u16, reason: &'static str) -> Self {
        Self { code, reason, ..self }
    }

    /// The refusal says so.
    pub(crate) fn saying(self, message: &'static str) -> Self {
        Self { message, ..self }
    }

    /// The answer has this.
    pub(crate) fn with(mut self, pointer: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((pointer, value.into()));
        self
    }

    /// The answer has this number, or a higher one.
    pub(crate) fn with_at_least(mut self, pointer: &'static str, least: i64) -> Self {
        self.least.push((pointer, least));
        self
    }

    /// The answer does not have this.
    pub(crate) fn without(mut self, pointer: &'static str) -> Self {
        self.absent.push(pointer);
        self
    }

    /// Keeps a part of the answer under a word.
    pub(crate) fn keep(mut self, word: &'static str, pointer: &'static str) -> Self {
        self.kept.push((word, pointer));
        self
    }

    /// The watch tells of these, and then ends.
    pub(crate) fn tells(self, events: &[(&'static str, &'static str)]) -> Self {
        Self { events: Some(events.to_vec()), ..self }
    }

    /// Somebody else than the administrator asks.
    pub(crate) fn by(self, user: &'static str) -> Self {
        Self { user, ..self }
    }

    /// It is so in the end: until then the call is repeated.
    pub(crate) fn in_the_end(self) -> Self {
        Self { is_awaited: true, ..self }
    }

    /// Of the answer, only the part at a pointer is the same down to the last field.
    pub(crate) fn comparing(self, compared: &'static str) -> Self {
        Self { compared, ..self }
    }

    /// Only what the step expects is the same.
    pub(crate) fn comparing_nothing_else(self) -> Self {
        self.comparing(NOTHING)
    }
}

pub(crate) fn get(path: &str) -> Step {
    Step::new("GET", path, "", Value::Null)
}

pub(crate) fn post(path: &str, body: Value) -> Step {
    Step::new("POST", path, "application/json", body).gives(201)
}

pub(crate) fn put(path: &str, body: Value) -> Step {
    Step::new("PUT", path, "application/json", body)
}

pub(crate) fn delete(path: &str, options: Value) -> Step {
    Step::new("DELETE", path, "application/json", options)
}

pub(crate) fn merge(path: &str, body: Value) -> Step {
    Step::new("PATCH", path, "application/merge-patch+json", body)
}

pub(crate) fn strategic(path: &str, body: Value) -> Step {
    Step::new("PATCH", path, "application/strategic-merge-patch+json", body)
}

pub(crate) fn json_patch(path: &str, body: Value) -> Step {
    Step::new("PATCH", path, "application/json-patch+json", body)
}

pub(crate) fn apply(path: &str, body: Value) -> Step {
    Step::new("PATCH", path, "application/apply-patch+yaml", body)
}

/// A fault of the testbed befalls a node; the simulator has it too.
pub(crate) fn begin(fault: &str, node: &str) -> Step {
    Step::new(BEGIN, &format!("{fault} {node}"), "", Value::Null)
}

/// It ends.
pub(crate) fn end(fault: &str, node: &str) -> Step {
    Step::new(END, &format!("{fault} {node}"), "", Value::Null)
}

/// The API server starts anew and has forgotten what was before.
pub(crate) fn lose_history() -> Step {
    Step::new(BEGIN, "restart-apiserver lose-history=true", "", Value::Null)
}
