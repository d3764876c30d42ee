//! Where inputs begin: small files that are kept with the sources, and the vectors.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Target;

const VERIFY: &str = include_str!("../../../wechatpay/tests/vectors/v3_verify.json");
const REQUESTS: &str = include_str!("../../../wechatpay/tests/vectors/v3_request_signature.json");

/// The committed files of a target.
#[must_use]
pub fn folder(target: Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name())
}

/// The files, in the order of their names, and after them what the vectors have.
///
/// # Errors
/// When a file or a vector cannot be read.
pub fn corpus(target: Target) -> Result<Vec<Vec<u8>>> {
    let mut inputs = read_folder(&folder(target))?;
    inputs.extend(match target {
        Target::Notification => notifications()?,
        Target::Authorization => headers()?,
        Target::Resource | Target::Bill => Vec::new(),
    });
    Ok(inputs)
}

/// All files of a folder, in the order of their names.
///
/// # Errors
/// When one cannot be read.
pub fn read_folder(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let shown = || folder.display().to_string();
    let entries = fs::read_dir(folder).with_context(shown)?;
    let mut paths =
        entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>().with_context(shown)?;
    paths.sort();
    paths.iter().map(|path| fs::read(path).with_context(|| path.display().to_string())).collect()
}

fn notifications() -> Result<Vec<Vec<u8>>> {
    let file: Value = serde_json::from_str(VERIFY)?;
    let input = |vector: &Value| {
        let text = |name: &str| vector["headers"][name].as_str().unwrap_or_default();
        let headers = ["Timestamp", "Nonce", "Signature", "Serial"]
            .map(|name| text(&format!("Wechatpay-{name}")).to_owned());
        let body = vector["body"].as_str().unwrap_or_default();
        format!("{}\n{body}", headers.join("\n")).into_bytes()
    };
    Ok(file["vectors"].as_array().into_iter().flatten().map(input).collect())
}

fn headers() -> Result<Vec<Vec<u8>>> {
    let file: Value = serde_json::from_str(REQUESTS)?;
    let all = file["vectors"].as_array().into_iter().flatten();
    Ok(all.filter_map(|vector| vector["authorization"].as_str()).map(|text| text.into()).collect())
}
