//! What bodies are read as, and whose signatures hold.

mod decode;
#[cfg(feature = "server")]
mod signatures;
#[cfg(feature = "server")]
mod standard_webhooks;
