//! The key that signs checkpoints, and the public key that checks them.
//!
//! The signing key lies in a file of its own beside the project, never in the store: whoever can rewrite the store
//! cannot sign what he wrote.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::AuditError;
use super::files::{self, folder_of};
use crate::types::Hex;

/// The identifier of Ed25519 in signed notes.
const ED25519: u8 = 1;

/// A key that signs checkpoints.
#[derive(Debug)]
pub struct AuditKey {
    key: SigningKey,
}

impl AuditKey {
    /// Reads the key from a PEM file, or makes a new one there, readable by its owner alone.
    pub fn open_or_create(path: &Path) -> Result<Self, AuditError> {
        match fs::read_to_string(path) {
            Ok(pem) => {
                private(path)?;
                let key = SigningKey::from_pkcs8_pem(&pem).map_err(|e| unusable(path, &e.to_string()))?;
                Ok(Self { key })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::create(path),
            Err(error) => Err(files::failure(path, &error)),
        }
    }

    fn create(path: &Path) -> Result<Self, AuditError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|e| unusable(path, &e.to_string()))?;
        let made = Self::from_secret(&secret);
        let pem = made.key.to_pkcs8_pem(LineEnding::LF).map_err(|e| unusable(path, &e.to_string()))?;
        let write = || {
            fs::create_dir_all(folder_of(path))?;
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(path)?;
            file.write_all(pem.as_bytes())?;
            file.sync_all()?;
            files::sync_folder(folder_of(path))
        };
        write().map_err(|e| files::failure(path, &e))?;
        Ok(made)
    }

    /// The key with these secret bytes.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self { key: SigningKey::from_bytes(secret) }
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey { key: self.key.verifying_key() }
    }

    /// The signature line's payload: the key's id under this name, then the signature.
    pub(crate) fn sign(&self, name: &str, text: &str) -> String {
        let mut payload = self.public().id(name).to_vec();
        payload.extend_from_slice(&self.key.sign(text.as_bytes()).to_bytes());
        STANDARD.encode(payload)
    }
}

#[cfg(unix)]
fn private(path: &Path) -> Result<(), AuditError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map_err(|e| files::failure(path, &e))?.permissions().mode();
    let of_others = mode & 0o077;
    if of_others != 0 {
        return Err(unusable(path, &format!("others may read it; run `chmod 600 {}`", path.display())));
    }
    Ok(())
}

#[cfg(not(unix))]
fn private(_path: &Path) -> Result<(), AuditError> {
    Ok(())
}

fn unusable(path: &Path, why: &str) -> AuditError {
    AuditError::Key { path: path.display().to_string(), why: why.to_owned() }
}

/// A key that checks checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
}

impl PublicKey {
    /// Reads the key from a PEM file.
    pub fn open(path: &Path) -> Result<Self, AuditError> {
        let pem = fs::read_to_string(path).map_err(|e| files::failure(path, &e))?;
        Self::from_pem(&pem).ok_or_else(|| unusable(path, "it is not an Ed25519 public key in PEM"))
    }

    /// Reads the key from PEM text.
    pub fn from_pem(pem: &str) -> Option<Self> {
        VerifyingKey::from_public_key_pem(pem).ok().map(|key| Self { key })
    }

    /// The key as PEM text.
    pub fn to_pem(&self) -> Result<String, AuditError> {
        self.key
            .to_public_key_pem(LineEnding::LF)
            .map_err(|e| AuditError::Key { path: "the public key".to_owned(), why: e.to_string() })
    }

    /// The key under a name as one line, in the form that tools for signed notes take.
    pub fn to_note_key(&self, name: &str) -> String {
        let mut bytes = vec![ED25519];
        bytes.extend_from_slice(self.key.as_bytes());
        format!("{name}+{}+{}", Hex(&self.id(name)), STANDARD.encode(bytes))
    }

    /// The key's id under a name: the first four bytes of `SHA-256(name ‖ "\n" ‖ 0x01 ‖ key)`.
    pub(crate) fn id(&self, name: &str) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(name.as_bytes())
            .chain_update([b'\n', ED25519])
            .chain_update(self.key.as_bytes())
            .finalize();
        hash.first_chunk().copied().unwrap_or_default()
    }

    pub(crate) fn is_signed(&self, text: &str, signature: &[u8; 64]) -> bool {
        self.key.verify_strict(text.as_bytes(), &Signature::from_bytes(signature)).is_ok()
    }
}
