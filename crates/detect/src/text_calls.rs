//! Tells the lake's term index what the query language's functions look for.

use datafusion::logical_expr::expr::ScalarFunction;
use kql_engine::{TextPlace, takes_views, text_filter};
use lake::{TextCalls, TextTest};

/// The functions of KQL.
#[derive(Debug)]
pub(crate) struct KqlTextCalls;

impl TextCalls for KqlTextCalls {
    fn text_test(&self, call: &ScalarFunction) -> Option<TextTest> {
        let filter = text_filter(call)?;
        Some(TextTest {
            column: filter.column.to_owned(),
            texts: filter.texts.into_iter().map(str::to_owned).collect(),
            all: filter.all,
            place: match filter.place {
                TextPlace::Value => lake::TextPlace::Value,
                TextPlace::Within { starts, ends } => lake::TextPlace::Within { starts, ends },
            },
        })
    }

    fn takes_views(&self, function: &str) -> bool {
        takes_views(function)
    }
}
