//! Validation rules: as much of CEL as the rules of our own definitions use.
//!
//! That is: paths below `self` and `oldSelf`, `has(path)`, texts, whole numbers, truths, `==`,
//! `!=`, `!`, `&&`, `||` and parentheses. A definition with a rule that uses more is refused, so
//! that no rule is there and not enforced.

use serde::Deserialize;
use serde_json::Value;

/// One rule.
#[derive(Debug)]
pub(super) struct Rule {
    expression: Expression,
    message: String,
}

/// What a rule speaks of.
pub(super) struct Scope<'a> {
    /// `self`.
    pub(super) own: &'a Value,
    /// `oldSelf`; `None` for what is new.
    pub(super) before: Option<&'a Value>,
}

impl Rule {
    /// Whether it holds. One about a change holds for what is new.
    pub(super) fn holds(&self, scope: &Scope<'_>) -> bool {
        if scope.before.is_none() && self.expression.is_about_change() {
            return true;
        }
        // What cannot be worked out, such as a field that is not there, does not hold.
        self.expression.evaluate(scope) == Some(Value::Bool(true))
    }

    /// What to tell where it does not.
    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            rule: String,
            #[serde(default)]
            message: String,
        }
        let Wire { rule, message } = Wire::deserialize(deserializer)?;
        let expression = Expression::parse(&rule).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "the simulator cannot judge the rule {rule:?}; see registry/custom/rules.rs"
            ))
        })?;
        let message = if message.is_empty() { format!("failed rule: {rule}") } else { message };
        Ok(Self { expression, message })
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    Literal(Value),
    /// A field below `self`, or below `oldSelf`.
    Path {
        is_before: bool,
        fields: Vec<String>,
    },
    Has(Box<Expression>),
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Equal(Box<Expression>, Box<Expression>),
}

impl Expression {
    /// Reads an expression; `None` where it uses more than is known here.
    fn parse(text: &str) -> Option<Self> {
        let tokens = tokenize(text)?;
        let mut parser = Parser { tokens: &tokens };
        let expression = parser.or()?;
        parser.tokens.is_empty().then_some(expression)
    }

    fn is_about_change(&self) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Path { is_before, .. } => *is_before,
            Self::Has(inner) | Self::Not(inner) => inner.is_about_change(),
            Self::And(left, right) | Self::Or(left, right) | Self::Equal(left, right) => {
                left.is_about_change() || right.is_about_change()
            }
        }
    }

    fn evaluate(&self, scope: &Scope<'_>) -> Option<Value> {
        let truth = |expression: &Self| expression.evaluate(scope).and_then(|value| value.as_bool());
        match self {
            Self::Literal(value) => Some(value.clone()),
            Self::Path { is_before, fields } => {
                let root = if *is_before { scope.before? } else { scope.own };
                fields.iter().try_fold(root, |value, field| value.get(field)).cloned()
            }
            // As in CEL, an absent parent is an error; a null counts as absent.
            Self::Has(path) => Some(Value::Bool(path.evaluate(scope).is_some_and(|value| !value.is_null()))),
            Self::Not(inner) => truth(inner).map(|truth| Value::Bool(!truth)),
            // One side may decide alone, even when the other cannot be worked out.
            Self::And(left, right) => both(truth(left), truth(right), false),
            Self::Or(left, right) => both(truth(left), truth(right), true),
            Self::Equal(left, right) => Some(Value::Bool(left.evaluate(scope)? == right.evaluate(scope)?)),
        }
    }
}

/// `decides` on either side is the outcome; else both must be known.
fn both(left: Option<bool>, right: Option<bool>, decides: bool) -> Option<Value> {
    if left == Some(decides) || right == Some(decides) {
        return Some(Value::Bool(decides));
    }
    left.and(right).map(|_| Value::Bool(!decides))
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(i64),
    Sign(&'static str),
}

fn tokenize(text: &str) -> Option<Vec<Token>> {
    const SIGNS: &[&str] = &["&&", "||", "==", "!=", "!", "(", ")", "."];
    let (mut tokens, mut rest) = (Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        let (token, length) = if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else if first == '\'' || first == '"' {
            let inner = &rest[1..];
            let end = inner.find(first)?;
            if inner[..end].contains('\\') {
                return None;
            }
            (Token::Text(inner[..end].to_owned()), end + 2)
        } else {
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let word = rest.get(..end).filter(|word| !word.is_empty())?;
            let token = match word.parse() {
                Ok(number) => Token::Number(number),
                Err(_) => Token::Word(word.to_owned()),
            };
            (token, end)
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

struct Parser<'a> {
    tokens: &'a [Token],
}

impl Parser<'_> {
    fn take(&mut self, sign: &'static str) -> bool {
        let is_next = self.tokens.first() == Some(&Token::Sign(sign));
        if is_next {
            self.tokens = &self.tokens[1..];
        }
        is_next
    }

    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }

    fn or(&mut self) -> Option<Expression> {
        let mut left = self.and()?;
        while self.take("||") {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Some(left)
    }

    fn and(&mut self) -> Option<Expression> {
        let mut left = self.equality()?;
        while self.take("&&") {
            left = Expression::And(Box::new(left), Box::new(self.equality()?));
        }
        Some(left)
    }

    fn equality(&mut self) -> Option<Expression> {
        let left = self.unary()?;
        if self.take("==") {
            return Some(Expression::Equal(Box::new(left), Box::new(self.unary()?)));
        }
        if self.take("!=") {
            let equal = Expression::Equal(Box::new(left), Box::new(self.unary()?));
            return Some(Expression::Not(Box::new(equal)));
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<Expression> {
        if self.take("!") {
            return Some(Expression::Not(Box::new(self.unary()?)));
        }
        if self.take("(") {
            let inner = self.or()?;
            return self.take(")").then_some(inner);
        }
        match self.next()? {
            Token::Text(text) => Some(Expression::Literal(text.into())),
            Token::Number(number) => Some(Expression::Literal(number.into())),
            Token::Word(word) => self.word(&word),
            Token::Sign(_) => None,
        }
    }

    fn word(&mut self, word: &str) -> Option<Expression> {
        match word {
            "true" | "false" => Some(Expression::Literal((word == "true").into())),
            "has" => {
                if !self.take("(") {
                    return None;
                }
                let path = self.unary().filter(|inner| matches!(inner, Expression::Path { .. }))?;
                self.take(")").then(|| Expression::Has(Box::new(path)))
            }
            "self" | "oldSelf" => {
                let mut fields = Vec::new();
                while self.take(".") {
                    let Token::Word(field) = self.next()? else { return None };
                    // CEL's own words stand between underscores.
                    let plain = field.strip_prefix("__").and_then(|field| field.strip_suffix("__"));
                    fields.push(plain.unwrap_or(&field).to_owned());
                }
                // A call, such as `self.name.size()`, is more than is known here.
                if self.tokens.first() == Some(&Token::Sign("(")) {
                    return None;
                }
                Some(Expression::Path { is_before: word == "oldSelf", fields })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(rule: &str, own: &Value, before: Option<&Value>) -> bool {
        let rule: Rule = serde_json::from_value(json!({"rule": rule})).unwrap();
        rule.holds(&Scope { own, before })
    }

    #[test]
    fn rules_are_judged() {
        let own = json!({"name": "cluster", "n": 3, "namespace": "a", "gone": null});
        for (rule, expected) in [
            ("self.name == 'cluster'", true),
            ("self.name != \"cluster\"", false),
            ("self.n == 3 && self.name == 'x'", false),
            ("self.n == 4 || self.name == 'cluster'", true),
            ("!(self.n == 4)", true),
            ("has(self.n)", true),
            ("has(self.absent)", false),
            ("has(self.gone)", false),
            ("!has(self.absent) || self.absent == 1", true),
            ("self.absent == 1", false),
            ("self.__namespace__ == 'a'", true),
        ] {
            assert_eq!(holds(rule, &own, None), expected, "{rule}");
        }
    }

    #[test]
    fn a_rule_about_a_change_is_for_changes() {
        let rule = "self.name == oldSelf.name";
        let [a, b] = [json!({"name": "a"}), json!({"name": "b"})];
        assert!(holds(rule, &a, None));
        assert!(holds(rule, &a, Some(&a)));
        assert!(!holds(rule, &a, Some(&b)));
    }

    #[test]
    fn a_rule_that_uses_more_is_refused() {
        for rule in
            ["self.names.all(n, n == 'a')", "self.n > 3", "size(self.name) == 3", "self.n ==", "'a", "x == 1"]
        {
            assert!(Expression::parse(rule).is_none(), "{rule}");
        }
    }
}
