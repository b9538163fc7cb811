//! Which file becomes what.
//!
//! Every file but `index.html`, `sw.js`, `manifest.json` and the icons carries its content's hash in its name and may be
//! cached for ever. Nothing refers to another host, and the page holds no inline script or style.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::minify::{Kind, minified};
use crate::shell::{Precached, service_worker};

/// Raised when the same input must give another output.
const PACKER_VERSION: u32 = 2;
/// The page, at the address that every start asks for.
const PAGE: &str = "index.html";

/// What to pack, and where to.
pub(crate) struct Request {
    pub(crate) wasm: PathBuf,
    pub(crate) assets: PathBuf,
    pub(crate) out: PathBuf,
    pub(crate) small: bool,
}

/// The files of the folder by their names, in order.
type Files = BTreeMap<String, Vec<u8>>;

/// Writes the folder, unless it was made from the same input.
///
/// # Errors
/// When a file is missing or unreadable, or the app is not what wasm-bindgen expects.
pub(crate) fn pack(request: &Request) -> Result<()> {
    let wasm = read(&request.wasm)?;
    let sources = Sources::read(&request.assets)?;
    let mark = request.out.with_extension("inputs");
    let inputs = sources.fingerprint(&wasm, request.small);
    if request.out.join(PAGE).is_file() && fs::read_to_string(&mark).is_ok_and(|known| known == inputs) {
        return Ok(());
    }
    let _ = fs::remove_file(&mark);
    let bound = bind(wasm, &request.out, request.small)?;
    let files = build(&sources, bound, request.small)?;
    replace_folder(&request.out, &files)?;
    fs::write(&mark, inputs).with_context(|| format!("cannot write {}", mark.display()))
}

/// The files that people write.
struct Sources {
    page: String,
    worker: String,
    start: String,
    service_worker: String,
    manifest: Vec<u8>,
    styles: Vec<u8>,
    icons: Files,
}

impl Sources {
    fn read(assets: &Path) -> Result<Self> {
        let shell = assets.join("pwa");
        let mut styles = Vec::new();
        let splash = read(&shell.join("splash.css"))?;
        for (_, text) in [("splash.css".to_owned(), splash)]
            .into_iter()
            .chain(folder(&assets.join("styles"), "css")?)
        {
            styles.extend_from_slice(&text);
            styles.push(b'\n');
        }
        let mut icons = folder(&assets.join("icons"), "png")?;
        icons.insert("icon.svg".to_owned(), read(&assets.join("icons/icon.svg"))?);
        Ok(Self {
            page: text(&shell.join("index.html"))?,
            worker: text(&shell.join("worker.js"))?,
            start: text(&shell.join("start.js"))?,
            service_worker: text(&shell.join("sw.js"))?,
            manifest: read(&shell.join("manifest.json"))?,
            styles,
            icons,
        })
    }

    fn fingerprint(&self, wasm: &[u8], small: bool) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(&PACKER_VERSION.to_le_bytes())
            .update(&[u8::from(small)]);
        let texts = [&self.page, &self.worker, &self.start, &self.service_worker].map(String::as_bytes);
        let named = self
            .icons
            .iter()
            .flat_map(|(name, bytes)| [name.as_bytes(), bytes.as_slice()]);
        for part in texts
            .into_iter()
            .chain([wasm, &self.manifest, &self.styles])
            .chain(named)
        {
            hasher
                .update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes())
                .update(part);
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// What wasm-bindgen made of the compiled app.
struct Bound {
    script: String,
    wasm: Vec<u8>,
    /// Scripts that crates bring along, by the path by which `script` imports them.
    snippets: BTreeMap<String, String>,
}

fn bind(wasm: Vec<u8>, out: &Path, small: bool) -> Result<Bound> {
    let scratch = out.with_extension("bindgen");
    remove_folder(&scratch)?;
    let mut bindgen = Bindgen::new();
    bindgen
        .input_bytes("app", wasm)
        .typescript(false)
        .omit_default_module_path(false);
    bindgen
        .web(true)?
        .remove_name_section(small)
        .remove_producers_section(small)
        .demangle(!small);
    bindgen
        .generate(&scratch)
        .context("wasm-bindgen cannot read the compiled app")?;
    let mut snippets = BTreeMap::new();
    collect_snippets(&scratch, &scratch.join("snippets"), &mut snippets)?;
    let bound = Bound {
        script: text(&scratch.join("app.js"))?,
        wasm: read(&scratch.join("app_bg.wasm"))?,
        snippets,
    };
    remove_folder(&scratch)?;
    Ok(bound)
}

fn collect_snippets(base: &Path, dir: &Path, into: &mut BTreeMap<String, String>) -> Result<()> {
    if !dir.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect_snippets(base, &path, into)?;
        } else {
            let inside = path.strip_prefix(base)?.to_string_lossy().replace('\\', "/");
            into.insert(format!("./{inside}"), text(&path)?);
        }
    }
    Ok(())
}

/// Each script is filled in, then minified if the build is a small one, then named by what it has become.
fn build(sources: &Sources, bound: Bound, small: bool) -> Result<Files> {
    let finished = |name: &str, script: String, kind| match small {
        true => minified(name, &script, kind),
        false => Ok(script),
    };
    let mut files = Files::new();
    let mut script = bound.script;
    let mut preloads = Vec::new();
    for (import, snippet) in bound.snippets {
        // Crates bring scripts along for functions that this app may not call.
        if !script.contains(&import) {
            continue;
        }
        if snippet.contains("from './") || snippet.contains("from \"./") {
            bail!("{import} imports another file, which the packer does not follow");
        }
        let snippet = finished(&import, snippet, Kind::Module)?;
        let name = hashed("part", "js", snippet.as_bytes());
        script = script.replace(&import, &format!("./{name}"));
        files.insert(name.clone(), snippet.into_bytes());
        preloads.push(name);
    }
    let wasm = hashed("app", "wasm", &bound.wasm).replace(".wasm", "_bg.wasm");
    let script = fill(&script, &[("app_bg.wasm", &wasm)])?;
    let script = finished("wasm-bindgen's script", script, Kind::Module)?;
    let app = hashed("app", "js", script.as_bytes());
    let worker = fill(&sources.worker, &[("{{app}}", &app), ("{{wasm}}", &wasm)])?;
    let worker = finished("worker.js", worker, Kind::Module)?;
    let worker_name = hashed("worker", "js", worker.as_bytes());
    let start = fill(&sources.start, &[("{{app}}", &app), ("{{wasm}}", &wasm)])?;
    let start = finished("start.js", start, Kind::Module)?;
    let start_name = hashed("start", "js", start.as_bytes());
    let styles = hashed("styles", "css", &sources.styles);
    preloads.push(app.clone());
    let preloads: Vec<_> = preloads
        .iter()
        .map(|name| format!("<link rel=\"modulepreload\" href=\"/{name}\">"))
        .collect();
    let page = fill(
        &sources.page,
        &[
            ("{{worker}}", &worker_name),
            ("{{start}}", &start_name),
            ("{{styles}}", &styles),
            ("{{wasm}}", &wasm),
            ("{{modulepreloads}}", &preloads.join("\n")),
        ],
    )?;
    files.insert(wasm, bound.wasm);
    files.insert(app, script.into_bytes());
    files.insert(worker_name, worker.into_bytes());
    files.insert(start_name, start.into_bytes());
    files.insert(styles, sources.styles.clone());
    files.insert("manifest.json".to_owned(), sources.manifest.clone());
    files.extend(
        sources
            .icons
            .iter()
            .map(|(name, bytes)| (format!("icons/{name}"), bytes.clone())),
    );
    files.insert(PAGE.to_owned(), page.into_bytes());
    let kept: Vec<_> = files
        .iter()
        .map(|(name, bytes)| Precached::of(address(name), bytes))
        .collect();
    let service_worker = service_worker(&sources.service_worker, &kept)?;
    let service_worker = finished("sw.js", service_worker, Kind::Classic)?;
    files.insert("sw.js".to_owned(), service_worker.into_bytes());
    Ok(files)
}

/// The address by which a browser asks for a file.
fn address(name: &str) -> String {
    if name == PAGE {
        "/".to_owned()
    } else {
        format!("/{name}")
    }
}

/// `stem-HASH.ext`; 64 bits of the hash are plenty to tell versions of one app apart.
fn hashed(stem: &str, ext: &str, bytes: &[u8]) -> String {
    let hash = blake3::hash(bytes).to_hex();
    let short: String = hash.chars().take(16).collect();
    format!("{stem}-{short}.{ext}")
}

/// Replaces each name, which must be there, by its value.
fn fill(template: &str, values: &[(&str, &str)]) -> Result<String> {
    let mut filled = template.to_owned();
    for (name, value) in values {
        if !filled.contains(name) {
            bail!("'{name}' is missing where it should be filled in");
        }
        filled = filled.replace(name, value);
    }
    Ok(filled)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The files of a folder with this ending, by name; a missing folder is empty.
fn folder(dir: &Path, ext: &str) -> Result<Files> {
    let mut files = Files::new();
    let Ok(entries) = fs::read_dir(dir) else {
        return Ok(files);
    };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == ext) {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            files.insert(name, read(&path)?);
        }
    }
    Ok(files)
}

fn remove_folder(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", dir.display()))
        }
        _ => Ok(()),
    }
}

/// Writes the files beside the folder, then puts them in its place: a server never sees half of them.
fn replace_folder(out: &Path, files: &Files) -> Result<()> {
    let fresh = out.with_extension("new");
    remove_folder(&fresh)?;
    for (name, bytes) in files {
        let path = fresh.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let old = out.with_extension("old");
    remove_folder(&old)?;
    if out.exists() {
        fs::rename(out, &old).with_context(|| format!("cannot move {} away", out.display()))?;
    }
    fs::rename(&fresh, out).with_context(|| format!("cannot put {} in place", out.display()))?;
    remove_folder(&old)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        Sources {
            page: "{{styles}} {{start}} {{wasm}} {{worker}}\n{{modulepreloads}}".to_owned(),
            worker: "import start from './{{app}}'; start('/{{wasm}}');".to_owned(),
            start: "import start from './{{app}}'; start('/{{wasm}}').catch(console.error);".to_owned(),
            service_worker: "self.kept = { version: '{{version}}', files: {{precache}} };".to_owned(),
            manifest: b"{}".to_vec(),
            styles: b"p{}".to_vec(),
            icons: Files::from([("icon.svg".to_owned(), b"<svg/>".to_vec())]),
        }
    }

    fn bound(wasm: &[u8]) -> Bound {
        Bound {
            script: "import { f } from './snippets/dom-1/inline0.js';\n\
                export default async (place) => f(await place, new URL('app_bg.wasm', import.meta.url));"
                .to_owned(),
            wasm: wasm.to_vec(),
            snippets: BTreeMap::from([(
                "./snippets/dom-1/inline0.js".to_owned(),
                "// Adds.\nexport const f = (first, second) => first + second;".to_owned(),
            )]),
        }
    }

    fn text_of<'a>(files: &'a Files, start: &str) -> &'a str {
        let (_, bytes) = files
            .iter()
            .find(|(name, _)| name.starts_with(start) && !name.ends_with(".wasm"))
            .unwrap();
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn every_reference_is_a_file_of_the_folder() {
        for small in [false, true] {
            every_reference_is_a_file_of(&build(&sources(), bound(b"wasm"), small).unwrap());
        }
    }

    fn every_reference_is_a_file_of(files: &Files) {
        let wasm = files.keys().find(|name| name.ends_with("_bg.wasm")).unwrap();
        let mut parts = files.keys().filter(|name| name.starts_with("part-"));
        let part = parts.next().unwrap();
        assert_eq!(parts.next(), None, "only what the app imports is served");
        assert!(text_of(files, "app-").contains(wasm));
        assert!(text_of(files, "app-").contains(part));
        assert!(text_of(files, "index.html").contains(&format!("href=\"/{part}\"")));
        for (name, bytes) in files {
            let text = String::from_utf8_lossy(bytes);
            assert!(!text.contains("{{"), "{name} has an unfilled place: {text}");
            assert!(
                !text.contains("snippets/"),
                "{name} names a file that is not there: {text}"
            );
        }
    }

    #[test]
    fn the_service_worker_keeps_every_file_but_itself() {
        for small in [false, true] {
            let files = build(&sources(), bound(b"wasm"), small).unwrap();
            let kept = text_of(&files, "sw.js").replace(['`', '\''], "\"");
            for name in files.keys().filter(|name| *name != "sw.js") {
                assert!(
                    kept.contains(&format!("\"{}\"", address(name))),
                    "{name} is not kept: {kept}"
                );
            }
            assert!(!kept.contains("sw.js"));
        }
    }

    #[test]
    fn another_wasm_gives_other_names_and_another_service_worker() {
        let (one, two) = (
            build(&sources(), bound(b"one"), true).unwrap(),
            build(&sources(), bound(b"two"), true).unwrap(),
        );
        for start in ["start-", "worker-", "app-", "index.html", "sw.js"] {
            assert_ne!(text_of(&one, start), text_of(&two, start), "{start}");
        }
    }

    #[test]
    fn a_template_without_its_place_is_refused() {
        let broken = Sources {
            page: "nothing to fill".to_owned(),
            ..sources()
        };
        assert!(build(&broken, bound(b"wasm"), false).is_err());
    }

    #[test]
    fn a_small_build_minifies_every_script_and_the_quick_one_none() {
        let packed = |small| build(&sources(), bound(b"wasm"), small).unwrap();
        let (quick, small) = (packed(false), packed(true));
        assert!(text_of(&quick, "part-").contains("// Adds.\n"));
        for start in ["part-", "app-", "worker-", "start-", "sw.js"] {
            let (long, short) = (text_of(&quick, start), text_of(&small, start));
            assert!(short.len() < long.len(), "{start}: {short}");
            assert!(
                !short.contains("Adds") && !short.contains("\n "),
                "{start}: {short}"
            );
        }
        let broken = Sources {
            start: "const '{{app}}' '{{wasm}}'".to_owned(),
            ..sources()
        };
        let error = build(&broken, bound(b"wasm"), true).unwrap_err().to_string();
        assert!(error.starts_with("start.js cannot be minified"), "{error}");
    }
}
