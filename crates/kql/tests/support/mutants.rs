//! Recorded edits and the corpora's queries they go into.

use std::collections::HashMap;

use serde_json::Value;

/// Query text and dialect by id.
pub(crate) fn queries() -> HashMap<String, (String, Value)> {
    super::corpus_queries()
        .into_iter()
        .map(|query| {
            let id = query["id"].as_str().unwrap().to_owned();
            let text = query["query"].as_str().unwrap().to_owned();
            (id, (text, query["dialect"].clone()))
        })
        .collect()
}

/// The query with one edit; `None` where the edit does not fit.
pub(crate) fn apply(text: &str, edit: &Value) -> Option<String> {
    let at = usize::try_from(edit["at"].as_u64()?).ok()?;
    let cut = usize::try_from(edit["cut"].as_u64()?).ok()?;
    let (before, after) = (text.get(..at)?, text.get(at + cut..)?);
    Some(format!("{before}{}{after}", edit["put"].as_str()?))
}
