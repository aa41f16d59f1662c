//! Go templates, as an `alertmanager.yml` uses them.
//!
//! Alertmanager's templates call methods on their data (`.Alerts.Firing`, `.Labels.SortedPairs`).
//! The engine knows maps and lists only, so calls of the methods we know are turned into calls of
//! a function when a template is read. What we do not know is refused then, with its name; nothing
//! is ever printed unrendered.

mod data;
mod functions;
mod methods;
mod time;

use std::sync::Arc;

use gotmpl::parse::ListNode;

use crate::configuration::TemplateFile;
use crate::notification::Notification;

pub(crate) use data::quoted;

/// Our own definitions under the names that Alertmanager's users refer to.
const DEFAULTS: &str = include_str!("default.tmpl");

/// Iterations of all loops in one rendering. The largest group times its labels is far below.
const ITERATIONS_MAX: u64 = 1_000_000;

/// The most text one rendering may give, in bytes; what receivers take is far below.
const OUTPUT_MAX: usize = 1024 * 1024;

/// The name of the text itself among the definitions it can refer to.
const MAIN: &str = "__main";

/// Why a template was not accepted or not rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is not a template.
    #[error("{name}: {reason}")]
    Syntax {
        /// Which one.
        name: String,
        /// What the engine says.
        reason: String,
    },
    /// It calls a function that we do not have.
    #[error("{name}: the function {function:?} is not supported in templates")]
    Function {
        /// Which template.
        name: String,
        /// The function.
        function: String,
    },
    /// It refers to a definition that does not exist.
    #[error("{name}: template {wanted:?} is not defined; define it in a file under `templates`")]
    Undefined {
        /// Which template.
        name: String,
        /// The definition.
        wanted: String,
    },
    /// It cannot be rendered with this data.
    #[error("a template cannot be rendered: {0}")]
    Render(String),
    /// It renders to more than is taken.
    #[error("a template renders to more than {OUTPUT_MAX} bytes")]
    TooLong,
}

/// All definitions: ours and the user's.
#[derive(Clone, Default)]
pub struct Library {
    definitions: Arc<Vec<(String, ListNode)>>,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.definitions.iter().map(|(name, _)| name)).finish()
    }
}

/// A text that is rendered with a message's data.
#[derive(Clone)]
pub struct Text {
    source: String,
    engine: Arc<Engine>,
}

/// What renders it.
enum Engine {
    /// There is nothing to render in it.
    Plain,
    /// Plain text comes out.
    Text(gotmpl::Template),
    /// HTML comes out, and data are escaped for where they stand.
    Html(gotmpl::html::Template),
}

impl std::fmt::Debug for Text {
    /// The source of a text may be a secret (a URL), and is not shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Text")
    }
}

impl Library {
    /// Reads the user's files on top of our defaults.
    pub fn new(files: &[TemplateFile]) -> Result<Self, Error> {
        let mut template = gotmpl::Template::new("").funcs(functions::all());
        template = add(template, "default.tmpl", DEFAULTS)?;
        for file in files {
            template = add(template, &file.path.display().to_string(), &file.text)?;
        }
        let names: Vec<String> = template.templates().into_iter().map(str::to_owned).collect();
        let mut definitions = Vec::with_capacity(names.len());
        for name in &names {
            let Some(tree) = template.lookup(name) else { continue };
            definitions.push((name.clone(), methods::rewrite(tree, name, &names)?));
        }
        Ok(Self { definitions: Arc::new(definitions) })
    }

    /// A template for plain text.
    pub fn text(&self, name: &str, source: &str) -> Result<Text, Error> {
        let Some(main) = self.main(name, source)? else { return Ok(Text::plain(source)) };
        let mut template = gotmpl::Template::new("").funcs(functions::all()).max_range_iters(ITERATIONS_MAX);
        for (name, tree) in self.definitions.iter() {
            template = template.add_parse_tree(name, tree.clone());
        }
        let template = template.add_parse_tree(MAIN, main);
        Ok(Text { source: source.to_owned(), engine: Arc::new(Engine::Text(template)) })
    }

    /// A template for HTML.
    pub fn html(&self, name: &str, source: &str) -> Result<Text, Error> {
        let Some(main) = self.main(name, source)? else { return Ok(Text::plain(source)) };
        let syntax =
            |error: gotmpl::TemplateError| Error::Syntax { name: name.to_owned(), reason: error.to_string() };
        let mut template = gotmpl::html::Template::new("page")
            .funcs(functions::all())
            .max_range_iters(ITERATIONS_MAX)
            .parse(&format!("{{{{template {MAIN:?} .}}}}"))
            .map_err(syntax)?;
        for (name, tree) in self.definitions.iter() {
            template = template.add_parse_tree(name, tree.clone()).map_err(syntax)?;
        }
        let template = template.add_parse_tree(MAIN, main).map_err(syntax)?;
        Ok(Text { source: source.to_owned(), engine: Arc::new(Engine::Html(template)) })
    }

    /// The text as a tree; `None` where there is nothing to render.
    fn main(&self, name: &str, source: &str) -> Result<Option<ListNode>, Error> {
        if !source.contains("{{") {
            return Ok(None);
        }
        let syntax =
            |error: gotmpl::TemplateError| Error::Syntax { name: name.to_owned(), reason: error.to_string() };
        let parsed = gotmpl::Template::new(MAIN).funcs(functions::all()).parse(source).map_err(syntax)?;
        let known: Vec<String> = self.definitions.iter().map(|(name, _)| name.clone()).collect();
        match parsed.lookup(MAIN) {
            Some(tree) => methods::rewrite(tree, name, &known).map(Some),
            None => Ok(None),
        }
    }
}

fn add(template: gotmpl::Template, name: &str, text: &str) -> Result<gotmpl::Template, Error> {
    template.parse(text).map_err(|error| Error::Syntax { name: name.to_owned(), reason: error.to_string() })
}

impl Text {
    fn plain(source: &str) -> Self {
        Self { source: source.to_owned(), engine: Arc::new(Engine::Plain) }
    }

    /// Renders it.
    pub fn render(&self, message: &Notification) -> Result<String, Error> {
        let mut out = Bounded(String::new());
        let rendered = match &*self.engine {
            Engine::Plain => return Ok(self.source.clone()),
            Engine::Text(template) => template.execute_template_fmt(&mut out, MAIN, &data::value(message)),
            Engine::Html(template) => template.execute_fmt(&mut out, &data::value(message)),
        };
        match rendered {
            Ok(()) => Ok(out.0),
            Err(gotmpl::TemplateError::Write) => Err(Error::TooLong),
            Err(error) => Err(Error::Render(error.to_string())),
        }
    }
}

/// Takes text up to [`OUTPUT_MAX`].
struct Bounded(String);

impl std::fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        if self.0.len() + text.len() > OUTPUT_MAX {
            return Err(std::fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notification::testing::notification;

    fn render(source: &str) -> String {
        Library::new(&[]).unwrap().text("test", source).unwrap().render(&notification()).unwrap()
    }

    #[test]
    fn what_alertmanagers_templates_use_renders() {
        for (source, expected) in [
            ("plain", "plain"),
            ("{{ .Status | toUpper }} {{ .Alerts | len }}", "FIRING 3"),
            ("{{ .Alerts.Firing | len }}/{{ len .Alerts.Resolved }}", "2/1"),
            ("{{ .GroupLabels.SortedPairs.Values | join \" \" }}", "Down"),
            ("{{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }};{{ end }}", "alertname=Down;"),
            ("{{ range .Alerts.Firing }}{{ .Labels.job }},{{ end }}", "a,<b>,"),
            ("{{ (index .Alerts 0).Annotations.summary }}", "a is down"),
            ("{{ with index .Alerts 0 }}{{ .Labels.Names | join \",\" }}{{ end }}", "alertname,job,severity"),
            (
                "{{ $a := index .Alerts 0 }}{{ ($a.Labels.Remove (stringSlice \"job\")).Values | join \" \" }}",
                "Down critical",
            ),
            ("{{ with .CommonLabels.Remove .GroupLabels.Names }}{{ .Values | join \" \" }}{{ end }}", ""),
            ("{{ if gt (len .CommonLabels) (len .GroupLabels) }}more{{ else }}same{{ end }}", "same"),
            (
                "{{ (index .Alerts 0).StartsAt.Format \"2006-01-02 15:04:05 MST\" }}",
                "2026-01-01 00:00:00 UTC",
            ),
            ("{{ reReplaceAll \"D(.*)n\" \"<$1>\" .GroupLabels.alertname }}", "<ow>"),
            ("{{ if match \"^Do\" .GroupLabels.alertname }}y{{ end }}", "y"),
            ("{{ .ExternalURL }}/{{ .Receiver | urlquery }}", "http://alerter/team-a"),
            ("{{ .CommonLabels.nothere }}", ""),
            ("{{ range $i, $a := .Alerts }}{{ $i }}{{ $a.Status }} {{ end }}", "0firing 1firing 2resolved "),
            ("{{ .GroupLabels.Values.Join \"-\" }}", "Down"),
            ("{{ \"a b\" | title }}{{ trimSpace \" x \" }}", "A Bx"),
        ] {
            assert_eq!(render(source), expected, "{source}");
        }
    }

    #[test]
    fn the_defaults_render() {
        let subject = render("{{ template \"slack.default.title\" . }}");
        assert_eq!(subject, "[FIRING:2] Down");
        assert!(render("{{ template \"slack.default.text\" . }}").contains("b is <down>"));
        let html =
            Library::new(&[]).unwrap().html("mail", "{{ template \"email.default.html\" . }}").unwrap();
        let html = html.render(&notification()).unwrap();
        assert!(html.contains("b is &lt;down&gt;") && !html.contains("<down>"), "{html}");
    }

    #[test]
    fn a_users_file_can_redefine_ours() {
        let text = "{{ define \"slack.default.title\" }}mine {{ .Alerts.Firing | len }}{{ end }}".to_owned();
        let library = Library::new(&[TemplateFile { path: "x.tmpl".into(), text }]).unwrap();
        let title = library.text("title", "{{ template \"slack.default.title\" . }}").unwrap();
        assert_eq!(title.render(&notification()).unwrap(), "mine 2");
    }

    #[test]
    fn what_cannot_be_rendered_is_refused_by_name() {
        let library = Library::new(&[]).unwrap();
        for (source, expected) in [
            ("{{ nonsense . }}", "nonsense"),
            ("{{ template \"nowhere\" . }}", "\"nowhere\" is not defined"),
            ("{{ if }}", "slack title"),
        ] {
            let error = library.text("slack title", source).err().map(|error| error.to_string());
            assert!(error.as_ref().is_some_and(|error| error.contains(expected)), "{source}: {error:?}");
        }
    }

    #[test]
    fn rendering_is_bounded() {
        let library = Library::new(&[]).unwrap();
        let nested = "{{range .Alerts}}".repeat(14) + &"x".repeat(100) + &"{{end}}".repeat(14);
        let source = nested.replace(".Alerts}}", "$.Alerts}}");
        assert!(library.text("bomb", &source).unwrap().render(&notification()).is_err());
        let text = r#"{{ define "loop" }}{{ with . }}{{ template "loop" . }}{{ end }}{{ end }}"#.to_owned();
        let library = Library::new(&[TemplateFile { path: "x.tmpl".into(), text }]).unwrap();
        let source = "{{ template \"loop\" . }}";
        assert!(library.text("loop", source).unwrap().render(&notification()).is_err());
        let html = library.html("loop", source).and_then(|page| page.render(&notification()));
        assert!(html.is_err());
    }
}
