//! Turns Go's fields and methods into calls of functions that the engine can make, and refuses
//! what would fail only when a message is due.
//!
//! `.Alerts.Firing` becomes `__get . "Alerts" "Firing"`, and `.Labels.Remove x` becomes
//! `__call "Remove" (__get . "Labels") x`.

use std::sync::Arc;

use gotmpl::parse::{
    ActionNode, BranchNode, CommandNode, Expr, ListNode, Node, PipeNode, Pos, SmolStr, TemplateNode,
};

use super::{Error, functions};

/// Reads fields and calls methods that take nothing.
pub(super) const GET: &str = "__get";
/// Calls a method that takes arguments.
pub(super) const CALL: &str = "__call";

/// Methods that take arguments.
const WITH_ARGUMENTS: [&str; 3] = ["Remove", "Join", "Format"];

/// Rewrites a definition; `known` are the names of all definitions.
pub(super) fn rewrite(tree: &ListNode, name: &str, known: &[String]) -> Result<ListNode, Error> {
    Rewriter { name, known }.list(tree)
}

struct Rewriter<'a> {
    name: &'a str,
    known: &'a [String],
}

impl Rewriter<'_> {
    fn list(&self, list: &ListNode) -> Result<ListNode, Error> {
        let nodes = list.nodes.iter().map(|node| self.node(node)).collect::<Result<_, _>>()?;
        Ok(ListNode { pos: list.pos, nodes })
    }

    fn node(&self, node: &Node) -> Result<Node, Error> {
        Ok(match node {
            Node::List(list) => Node::List(self.list(list)?),
            Node::Action(action) => {
                Node::Action(ActionNode { pos: action.pos, pipe: self.pipe(&action.pipe)? })
            }
            Node::If(branch) => Node::If(self.branch(branch)?),
            Node::Range(branch) => Node::Range(self.branch(branch)?),
            Node::With(branch) => Node::With(self.branch(branch)?),
            Node::Template(template) => Node::Template(self.template(template)?),
            other @ (Node::Text(_) | Node::Define(_) | Node::Break(_) | Node::Continue(_)) => other.clone(),
        })
    }

    fn template(&self, template: &TemplateNode) -> Result<TemplateNode, Error> {
        let wanted = template.name.as_str();
        if !self.known.iter().any(|name| name == wanted) {
            return Err(Error::Undefined { name: self.name.to_owned(), wanted: wanted.to_owned() });
        }
        let pipe = template.pipe.as_ref().map(|pipe| self.pipe(pipe)).transpose()?;
        Ok(TemplateNode { pos: template.pos, name: template.name.clone(), pipe })
    }

    fn branch(&self, branch: &BranchNode) -> Result<BranchNode, Error> {
        Ok(BranchNode {
            pos: branch.pos,
            pipe: self.pipe(&branch.pipe)?,
            body: self.list(&branch.body)?,
            else_body: branch.else_body.as_ref().map(|list| self.list(list)).transpose()?,
        })
    }

    fn pipe(&self, pipe: &PipeNode) -> Result<PipeNode, Error> {
        let commands = pipe.commands.iter().enumerate();
        let commands = commands.map(|(index, command)| self.command(command, index > 0));
        Ok(PipeNode {
            pos: pipe.pos,
            decl: pipe.decl.clone(),
            commands: commands.collect::<Result<_, _>>()?,
            is_assign: pipe.is_assign,
        })
    }

    /// `piped`: the value of the command before it becomes its last argument.
    fn command(&self, command: &CommandNode, piped: bool) -> Result<CommandNode, Error> {
        let Some((head, rest)) = command.args.split_first() else { return Ok(command.clone()) };
        let rest: Vec<Expr> = rest.iter().map(|expr| self.expr(expr)).collect::<Result<_, _>>()?;
        let mut args = match head {
            Expr::Identifier(_, function) => {
                self.check(function)?;
                vec![head.clone()]
            }
            _ => match method(head) {
                Some((receiver, names, method)) if piped || !rest.is_empty() => {
                    let pos = head.pos();
                    let receiver = get(pos, self.receiver(receiver)?, names);
                    vec![Expr::Identifier(pos, CALL.into()), text(pos, method), receiver]
                }
                _ => vec![self.expr(head)?],
            },
        };
        args.extend(rest);
        Ok(CommandNode { pos: command.pos, args })
    }

    fn expr(&self, expr: &Expr) -> Result<Expr, Error> {
        Ok(match expr {
            Expr::Identifier(_, function) => {
                self.check(function)?;
                expr.clone()
            }
            Expr::Pipe(pos, pipe) => Expr::Pipe(*pos, self.pipe(pipe)?),
            _ => match fields(expr) {
                Some((receiver, names)) => get(expr.pos(), self.receiver(receiver)?, names),
                None => expr.clone(),
            },
        })
    }

    fn receiver(&self, receiver: Expr) -> Result<Expr, Error> {
        match receiver {
            Expr::Pipe(pos, pipe) => Ok(Expr::Pipe(pos, self.pipe(&pipe)?)),
            Expr::Identifier(_, ref function) => {
                self.check(function)?;
                Ok(receiver)
            }
            other => Ok(other),
        }
    }

    fn check(&self, function: &SmolStr) -> Result<(), Error> {
        if functions::is_known(function.as_str()) {
            return Ok(());
        }
        Err(Error::Function { name: self.name.to_owned(), function: function.to_string() })
    }
}

/// An expression that reads fields: of what, and which.
fn fields(expr: &Expr) -> Option<(Expr, &[SmolStr])> {
    match expr {
        Expr::Field(pos, names) => Some((Expr::Dot(*pos), names)),
        Expr::Variable(pos, name, names) if !names.is_empty() => {
            Some((Expr::Variable(*pos, name.clone(), Vec::new()), names))
        }
        Expr::Chain(_, inner, names) => Some(((**inner).clone(), names)),
        _ => None,
    }
}

/// An expression that ends in a method which takes arguments.
fn method(expr: &Expr) -> Option<(Expr, &[SmolStr], &SmolStr)> {
    let (receiver, names) = fields(expr)?;
    let (last, names) = names.split_last()?;
    WITH_ARGUMENTS.contains(&last.as_str()).then_some((receiver, names, last))
}

fn get(pos: Pos, receiver: Expr, names: &[SmolStr]) -> Expr {
    if names.is_empty() {
        return receiver;
    }
    let mut args = vec![Expr::Identifier(pos, GET.into()), receiver];
    args.extend(names.iter().map(|name| text(pos, name)));
    let command = CommandNode { pos, args };
    Expr::Pipe(pos, PipeNode { pos, decl: Vec::new(), commands: vec![command], is_assign: false })
}

fn text(pos: Pos, text: &SmolStr) -> Expr {
    Expr::String(pos, Arc::from(text.as_str()))
}
