//! What can go wrong between a typed plan and its rows.

use datafusion::error::DataFusionError;
use kql::types::Span;

/// Why a query gave no result.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A function, operator or option that this engine does not run yet.
    #[error("`{what}` is not supported yet")]
    Unsupported {
        /// What.
        what: String,
        /// Where in the text.
        span: Span,
    },
    /// The plan reads a table that the source does not have.
    #[error("table `{table}` does not exist")]
    NoSuchTable {
        /// Its name.
        table: String,
        /// Where in the text.
        span: Span,
    },
    /// The stored table lacks a column the plan reads.
    #[error("table `{table}` has no stored column `{column}`")]
    NoSuchColumn {
        /// Table.
        table: String,
        /// Column.
        column: String,
        /// Where in the text.
        span: Span,
    },
    /// An argument that has to be constant, or in a range, and isn't.
    #[error("{what}")]
    BadArgument {
        /// What is wrong with which argument.
        what: String,
        /// Where in the text.
        span: Span,
    },
    /// What would read or reach outside of the stored tables.
    #[error("`{what}` reaches outside of the stored tables, which a query may not do here")]
    Outside {
        /// Function, operator or address.
        what: String,
        /// Where in the text.
        span: Span,
    },
    /// The time limit passed.
    #[error("the query took longer than {seconds} s")]
    Timeout {
        /// The limit.
        seconds: f64,
    },
    /// The memory limit was reached.
    #[error("the query needs more memory than it may use: {0}")]
    Memory(String),
    /// Reading or computing failed.
    #[error("the query failed: {0}")]
    Execution(#[source] Box<DataFusionError>),
    /// A defect of the engine: a panic, or a plan it should have understood.
    #[error("internal error: {0}")]
    Internal(String),
}

impl EngineError {
    /// Where in the query text, when the error has a place there.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        match self {
            Self::Unsupported { span, .. }
            | Self::NoSuchTable { span, .. }
            | Self::NoSuchColumn { span, .. }
            | Self::Outside { span, .. }
            | Self::BadArgument { span, .. } => Some(*span),
            _ => None,
        }
    }
}

impl From<DataFusionError> for EngineError {
    fn from(error: DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(what) => Self::Memory(what.clone()),
            DataFusionError::Internal(what) => Self::Internal(what.clone()),
            _ => Self::Execution(Box::new(error)),
        }
    }
}

impl From<arrow::error::ArrowError> for EngineError {
    fn from(error: arrow::error::ArrowError) -> Self {
        DataFusionError::from(error).into()
    }
}

pub(crate) type Result<T, E = EngineError> = std::result::Result<T, E>;
