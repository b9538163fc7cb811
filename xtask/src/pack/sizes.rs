//! How much a first visit downloads.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use brotlic::{BrotliEncoderOptions, CompressionMode, CompressorWriter, Quality, WindowSize};

/// Compressed already; a twin would not be smaller.
const PICTURES: [&str; 1] = ["png"];
/// The endings of the twins that are written.
const TWIN: &str = "br";

/// The size of one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Size {
    raw: u64,
    /// As sent to a browser that understands brotli.
    sent: u64,
}

/// Writes the twins, prints the table, and holds the sum to `limit`.
///
/// The sum is over every file of the folder: the service worker fetches all of them on the first visit.
///
/// # Errors
/// When a file cannot be read or written, or the sum is above `limit`.
pub(crate) fn compress(dir: &Path, limit: u64) -> Result<()> {
    let mut sizes = BTreeMap::new();
    for path in files_below(dir)? {
        let name = path.strip_prefix(dir)?.to_string_lossy().into_owned();
        sizes.insert(name, compress_file(&path)?);
    }
    let total = print_table(&sizes)?;
    if total > limit {
        bail!("the first visit downloads {total} bytes; the limit is {limit}");
    }
    Ok(())
}

fn files_below(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else if path.extension().is_none_or(|ext| ext != TWIN) {
            files.push(path);
        }
    }
    Ok(files)
}

fn compress_file(path: &Path) -> Result<Size> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let raw = u64::try_from(bytes.len())?;
    if path
        .extension()
        .is_some_and(|ext| PICTURES.iter().any(|picture| ext == *picture))
    {
        return Ok(Size { raw, sent: raw });
    }
    let mut twin = path.as_os_str().to_owned();
    twin.push(format!(".{TWIN}"));
    let twin = PathBuf::from(twin);
    let known = fs::metadata(&twin).and_then(|twin| Ok((twin.modified()?, twin.len())));
    let changed = fs::metadata(path)?.modified()?;
    if let Some((_, sent)) = known.ok().filter(|(made, _)| *made >= changed) {
        return Ok(Size { raw, sent });
    }
    let compressed = brotli_of(&bytes)?;
    fs::write(&twin, &compressed).with_context(|| format!("cannot write {}", twin.display()))?;
    Ok(Size {
        raw,
        sent: u64::try_from(compressed.len())?,
    })
}

/// As small as either way of looking at distances makes it: the one that is meant for fonts often suits WebAssembly.
fn brotli_of(bytes: &[u8]) -> Result<Vec<u8>> {
    let by = |mode| {
        let encoder = BrotliEncoderOptions::new()
            .mode(mode)
            .quality(Quality::best())
            .window_size(WindowSize::best())
            .size_hint(u32::try_from(bytes.len())?)
            .build()?;
        let mut compressor = CompressorWriter::with_encoder(encoder, Vec::new());
        compressor.write_all(bytes).context("brotli cannot compress")?;
        Ok::<_, anyhow::Error>(compressor.into_inner()?)
    };
    let generic = by(CompressionMode::Generic)?;
    let font = by(CompressionMode::Font)?;
    Ok(if font.len() < generic.len() { font } else { generic })
}

/// Prints one line per file and the sum, and returns the bytes sent.
fn print_table(sizes: &BTreeMap<String, Size>) -> Result<u64> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{:>12} {:>12}  file", "raw bytes", "brotli")?;
    let mut total = Size::default();
    for (name, size) in sizes {
        writeln!(out, "{:>12} {:>12}  {name}", size.raw, size.sent)?;
        total = Size {
            raw: total.raw + size.raw,
            sent: total.sent + size.sent,
        };
    }
    writeln!(
        out,
        "{:>12} {:>12}  first visit, all files",
        total.raw, total.sent
    )?;
    Ok(total.sent)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_twin_is_written_and_decodes_to_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let text = "叩门 ".repeat(500);
        fs::write(dir.path().join("app.js"), &text).unwrap();
        fs::write(dir.path().join("icon.png"), "picture").unwrap();
        compress(dir.path(), 1_000).unwrap();
        let mut decoded = Vec::new();
        let twin = fs::read(dir.path().join("app.js.br")).unwrap();
        brotlic::DecompressorReader::new(twin.as_slice())
            .read_to_end(&mut decoded)
            .unwrap();
        assert_eq!(decoded, text.as_bytes());
        assert!(!dir.path().join("icon.png.br").exists());
    }

    #[test]
    fn an_app_above_the_limit_fails() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("icons")).unwrap();
        fs::write(dir.path().join("icons/icon.png"), [7; 600]).unwrap();
        fs::write(dir.path().join("photo.png"), [7; 600]).unwrap();
        compress(dir.path(), 1_200).unwrap();
        let error = compress(dir.path(), 1_199).unwrap_err().to_string();
        assert!(error.contains("1200"), "{error}");
    }
}
