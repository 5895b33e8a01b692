//! Signature help: which call the place is an argument of.

use super::show;
use super::site::{self, Site};
use crate::bind::BindOptions;
use crate::bind::observe::Variable;
use crate::catalog::Catalog;
use crate::functions::{self, Known, Parameter, workspace};
use crate::syntax::lexer::lex;
use crate::syntax::tree::Lambda;

/// The signatures of the function whose arguments are being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignatureHelp {
    /// Each as `name(parameters) -> result`.
    pub signatures: Vec<String>,
    /// The one that fits the arguments so far.
    pub active_signature: usize,
    /// The parameter being typed, of that signature; past the last when there are too many arguments.
    pub active_parameter: usize,
    /// One line; empty when there is none.
    pub doc: String,
}

/// The signatures of the call whose argument stands at a byte offset; `None` outside of calls.
#[must_use]
pub fn signature_help(
    text: &str,
    position: usize,
    catalog: &dyn Catalog,
    options: &BindOptions,
) -> Option<SignatureHelp> {
    let head = text.get(..site::floor(text, position))?;
    let mut tokens = lex(head, &mut Vec::new());
    tokens.pop();
    let call = site::call(&tokens)?;
    let name = head.get(call.name.range())?;
    let at = Site::at(text, call.name.end as usize, catalog, options)?;
    let scope = at.scope()?;
    if let Some(Variable::Function(lambda)) = scope.variable(name) {
        return Some(of_lambda(name, &lambda, call.argument));
    }
    let plugin = functions::plugin(name).filter(|_| {
        let wants = crate::syntax::expected::Want::Plugin;
        at.expected.wants(wants)
    });
    let aggregate = functions::aggregate(name).filter(|_| scope.aggregates);
    let known = plugin.or(aggregate).or_else(|| functions::scalar(name));
    if let Some(known) = known.or_else(|| functions::aggregate(name)) {
        return Some(of_known(known, call.argument));
    }
    let written = if let Some(function) = catalog.function(name) {
        format!("{name}{}", function.parameters)
    } else {
        show::workspace(workspace::table_function(name)?)
    };
    Some(SignatureHelp {
        signatures: vec![written],
        active_signature: 0,
        active_parameter: call.argument,
        doc: String::new(),
    })
}

fn of_lambda(name: &str, lambda: &Lambda, argument: usize) -> SignatureHelp {
    SignatureHelp {
        signatures: vec![show::lambda(name, lambda)],
        active_signature: 0,
        active_parameter: argument,
        doc: String::new(),
    }
}

fn of_known(known: &Known, argument: usize) -> SignatureHelp {
    let takes = |most: Option<usize>| most.is_none_or(|most| argument < most);
    let fits = known.signatures.iter().position(|s| takes(s.arity().1));
    let active = fits.unwrap_or(known.signatures.len().saturating_sub(1));
    let parameters = known.signatures.get(active).map(|s| &s.parameters);
    SignatureHelp {
        signatures: show::signatures(known),
        active_signature: active,
        active_parameter: parameters.map_or(argument, |list| current(list, argument)),
        doc: known.function.doc.to_owned(),
    }
}

/// The parameter an argument belongs to; several repeating ones alternate (`case`).
fn current(parameters: &[Parameter], argument: usize) -> usize {
    let repeating = parameters.iter().filter(|p| p.repeats).count();
    match parameters.iter().position(|p| p.repeats) {
        Some(first) if argument > first => first + (argument - first) % repeating.max(1),
        _ => argument,
    }
}
