//! One command, and what must hold of what kubectl says.

use std::time::Duration;

use crate::kubectl::{Said, Speaking};
use crate::shape::Shape;

/// How often a command is repeated whose effect takes its time, and how long between.
const TRIES: usize = 60;
const PAUSE: Duration = Duration::from_millis(500);

/// A command.
pub(crate) struct Command {
    arguments: &'static str,
    input: String,
    code: i32,
    says: Vec<&'static str>,
    form: fn(&Said) -> Shape,
    is_repeated: bool,
    is_of_both: bool,
}

/// What came of a command.
pub(crate) struct Done {
    /// Its arguments.
    pub(crate) what: String,
    pub(crate) shape: Shape,
    faults: Vec<String>,
}

/// A command that ends well.
pub(crate) fn run(arguments: &'static str) -> Command {
    Command {
        arguments,
        input: String::new(),
        code: 0,
        says: Vec::new(),
        form: Shape::nothing,
        is_repeated: false,
        is_of_both: true,
    }
}

impl Command {
    /// With this to read.
    pub(crate) fn given(self, input: &str) -> Self {
        Self { input: input.to_owned(), ..self }
    }

    /// It says this, on either stream.
    pub(crate) fn says(mut self, text: &'static str) -> Self {
        self.says.push(text);
        self
    }

    /// It ends with another code.
    pub(crate) fn ends(self, code: i32) -> Self {
        Self { code, ..self }
    }

    /// It fails, and says so; of both clusters with the same kind of error.
    pub(crate) fn fails(self, text: &'static str) -> Self {
        Self { code: 1, form: Shape::error, ..self }.says(text)
    }

    /// Both clusters have the same columns.
    pub(crate) fn columns(self) -> Self {
        Self { form: Shape::columns, ..self }
    }

    /// Both clusters have the same keys in what is described.
    pub(crate) fn keys(self) -> Self {
        Self { form: Shape::keys, ..self }
    }

    /// Both clusters have the same said of them.
    pub(crate) fn same(self) -> Self {
        Self { form: Shape::text, ..self }
    }

    /// It is repeated until what must hold does.
    pub(crate) fn in_the_end(self) -> Self {
        Self { is_repeated: true, ..self }
    }

    /// A testbed cannot do it, or does it where the simulator refuses.
    pub(crate) fn only_simulated(self) -> Self {
        Self { is_of_both: false, ..self }
    }

    pub(crate) fn is_of_both(&self) -> bool {
        self.is_of_both
    }

    fn play(&self, kubectl: &Speaking<'_>) -> Done {
        let tries = if self.is_repeated { TRIES } else { 1 };
        let mut said = kubectl.run(self.arguments, &self.input);
        for _ in 1..tries {
            if self.faults(&said).is_empty() {
                break;
            }
            std::thread::sleep(PAUSE);
            said = kubectl.run(self.arguments, &self.input);
        }
        Done { what: self.arguments.to_owned(), shape: (self.form)(&said), faults: self.faults(&said) }
    }

    fn faults(&self, said: &Said) -> Vec<String> {
        let Said { code, stdout, stderr } = said;
        let all = format!("{stdout}{stderr}");
        let missing = self.says.iter().filter(|text| !all.contains(**text));
        let mut faults: Vec<String> = missing.map(|text| format!("does not say {text:?}")).collect();
        if *code != self.code {
            faults.push(format!("ends with {code}, not {}", self.code));
        }
        faults.iter().map(|fault| format!("{fault}\n{all}")).collect()
    }
}

impl Done {
    /// What does not hold, and whether there is nothing to compare.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let Self { what, shape, faults } = self;
        let nothing = shape.is_empty().then(|| "says nothing that could be compared".to_owned());
        faults.iter().chain(&nothing).map(|fault| format!("kubectl {what} {fault}")).collect()
    }
}

/// Runs commands one after the other.
pub(crate) fn play(kubectl: &Speaking<'_>, commands: &[Command]) -> Vec<Done> {
    commands.iter().map(|command| command.play(kubectl)).collect()
}
