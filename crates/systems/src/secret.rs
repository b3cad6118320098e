//! A text that is shown to nobody: no `Debug`, no `Display`, no serialization, wiped when it is dropped.

use zeroize::Zeroizing;

/// A credential. Only the connectors of this crate can read it.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}
