//! Warnings: names that nothing reads, and parameters of one name.

use std::collections::HashMap;
use std::rc::Rc;

use super::Binder;
use super::scope::{Cx, Env};
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::tree::{
    Expr as Syntax, ExprKind as S, Lambda, Name, Parameter, ParameterType, Script, StatementKind,
};

impl Binder<'_> {
    /// Notes the variables of a script that nothing reads; `env` is what it leaves behind.
    pub(super) fn lint_variables(&mut self, script: &Script, env: &Env) {
        // What these statements name is not bound here.
        let unseen = |kind: &StatementKind| {
            matches!(kind, StatementKind::Ignored | StatementKind::Pattern(_))
        };
        if script.statements.iter().any(|s| unseen(&s.kind)) {
            return;
        }
        for statement in &script.statements {
            if let StatementKind::Let(name, _) = &statement.kind {
                self.lint_unused(name, "variable", env);
            }
        }
    }

    /// The same for the parameters and variables of a function's body.
    pub(super) fn lint_function(&mut self, lambda: &Lambda, env: &Env) {
        for parameter in &lambda.parameters {
            self.lint_unused(&parameter.name, "parameter", env);
        }
        self.lint_variables(&lambda.body, env);
    }

    /// Marks what the arguments of `cluster(...)` and the like name as used: nothing else looks at them.
    pub(super) fn note_database(&mut self, database: &Syntax, cx: &Cx<'_>) {
        let mut next = Some(database);
        while let Some(S::Call { receiver, args, .. }) = next.map(|call| &call.kind) {
            self.note_uses(args, cx);
            next = receiver.as_deref();
        }
    }

    /// The same for the arguments of a function that is not known here, whose mistakes are nobody's business.
    pub(super) fn note_uses(&mut self, args: &[Rc<Syntax>], cx: &Cx<'_>) {
        let errors = self.muted_errors;
        self.muted += 1;
        for arg in args {
            match &arg.kind {
                S::Named { value, .. } => self.value(value, cx),
                _ => self.value(arg, cx),
            };
        }
        self.muted -= 1;
        self.muted_errors = errors;
    }

    fn lint_unused(&mut self, name: &Name, what: &str, env: &Env) {
        // Within a call only what the call's arguments lead to is bound.
        if self.muted > 0 || self.calls > 0 || env.is_used(&name.text) != Some(false) {
            return;
        }
        let message = format!("the {what} `{}` is never used", name.text);
        self.unused
            .push(Diagnostic::warning(Code::Unused, name.span, message));
    }

    /// Reports what was noted. Where something is wrong, what hangs on it was not bound and may be used nevertheless.
    pub(super) fn report_unused(&mut self) {
        let unused = std::mem::take(&mut self.unused);
        if self.diagnostics.iter().any(Diagnostic::is_error) {
            return;
        }
        unused.into_iter().for_each(|found| self.report(found));
    }

    /// Kusto takes two parameters, or two columns of a parameter, of one name: the first cannot be read.
    pub(super) fn lint_parameter_names(&mut self, parameters: &[Parameter]) {
        self.lint_twice("parameter", parameters.iter().map(|p| &p.name));
        for parameter in parameters {
            if let ParameterType::Table(columns, _) = &parameter.ty {
                self.lint_twice("column", columns.iter().map(|(name, _)| name));
            }
        }
    }

    fn lint_twice<'n>(&mut self, what: &str, names: impl Iterator<Item = &'n Name>) {
        let mut first = HashMap::new();
        for name in names.filter(|name| !name.text.is_empty()) {
            if let Some(first) = first.insert(name.text.as_str(), name.span) {
                let message = format!("a {what} `{}` is already there", name.text);
                let found = Diagnostic::warning(Code::Duplicate, name.span, message);
                self.report(found.first_at(Some(first)));
            }
        }
    }
}
