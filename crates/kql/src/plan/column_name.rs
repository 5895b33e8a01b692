//! Names of columns, shared between all operators that pass a column on.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A column's display name: text that is cheap to copy, since every operator of a plan lists its columns.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnName(Arc<str>);

impl ColumnName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for ColumnName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for ColumnName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Sets and maps by name are asked with plain text.
impl std::borrow::Borrow<str> for ColumnName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ColumnName {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<&String> for ColumnName {
    fn from(text: &String) -> Self {
        Self(text.as_str().into())
    }
}

impl From<String> for ColumnName {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&ColumnName> for ColumnName {
    fn from(name: &ColumnName) -> Self {
        name.clone()
    }
}

impl From<ColumnName> for String {
    fn from(name: ColumnName) -> Self {
        name.as_str().to_owned()
    }
}

impl PartialEq<str> for ColumnName {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for ColumnName {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl PartialEq<String> for ColumnName {
    fn eq(&self, other: &String) -> bool {
        *self.0 == **other
    }
}

impl fmt::Debug for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
