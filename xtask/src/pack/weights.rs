//! What each part of the compiled app weighs, so that whoever adds something sees what it costs.
//!
//! A function counts for the module that its name begins with. Where the compiler put one function into another, it
//! counts for that one.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use rustc_demangle::demangle;
use wasmparser::{CustomSectionReader, KnownCustom, Name, Parser, Payload, TypeRef};

/// Our own crates are told apart by their modules, so many deep; others as a whole.
const OWN: [(&str, usize); 3] = [("app", 3), ("replica", 2), ("shared", 2)];
/// Parts below this are summed up, bytes.
const LISTED_FROM: usize = 2_000;

/// Prints the parts of the app that the compiler wrote, the heaviest first.
///
/// # Errors
/// When the file cannot be read or is no WebAssembly.
pub(crate) fn print(wasm: &Path) -> Result<()> {
    let bytes = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    let parts = parts(&bytes)?;
    let mut sorted: Vec<_> = parts.iter().filter(|(_, bytes)| **bytes >= LISTED_FROM).collect();
    sorted.sort_by_key(|(_, bytes)| std::cmp::Reverse(**bytes));
    let rest: usize = parts.values().filter(|bytes| **bytes < LISTED_FROM).sum();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{:>12}  part of the app, before wasm-bindgen", "raw bytes")?;
    for (part, bytes) in sorted {
        writeln!(out, "{bytes:>12}  {part}")?;
    }
    writeln!(out, "{rest:>12}  parts of less than {LISTED_FROM} bytes each")?;
    Ok(())
}

/// The bytes of each part.
fn parts(wasm: &[u8]) -> Result<BTreeMap<String, usize>> {
    let mut imported = 0_u32;
    let mut bodies = Vec::new();
    let mut names = BTreeMap::new();
    let mut parts = BTreeMap::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.context("the app is no WebAssembly")? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range().len()),
            Payload::DataSection(data) => {
                parts.insert("data: texts and tables".to_owned(), data.range().len());
            }
            Payload::CustomSection(section) => names.append(&mut function_names(&section)?),
            _ => {}
        }
    }
    for (bytes, index) in bodies.into_iter().zip(imported..) {
        let part = names
            .get(&index)
            .map_or("without a name".to_owned(), |name| part_of(name));
        *parts.entry(part).or_default() += bytes;
    }
    Ok(parts)
}

/// What the functions are called, by their numbers, when this section tells.
fn function_names(section: &CustomSectionReader<'_>) -> Result<BTreeMap<u32, String>> {
    let mut names = BTreeMap::new();
    let KnownCustom::Name(subsections) = section.as_known() else {
        return Ok(names);
    };
    for subsection in subsections {
        let Name::Function(functions) = subsection? else {
            continue;
        };
        for function in functions {
            let function = function?;
            names.insert(function.index, function.name.to_owned());
        }
    }
    Ok(names)
}

/// The crate of a function, and its module where the crate is ours.
fn part_of(mangled: &str) -> String {
    let name = format!("{:#}", demangle(mangled));
    // `<replica::api::Visit as serde::Serialize>::serialize` counts for the first one.
    let path = name.trim_start_matches(['<', '&', '(', '[', '*', ' ']);
    let path = path.trim_start_matches("mut ").trim_start_matches("dyn ");
    let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    let path = path.get(..end.unwrap_or(path.len())).unwrap_or(path);
    let segments: Vec<&str> = path.split("::").filter(|segment| !segment.is_empty()).collect();
    let Some(first) = segments.first() else {
        return "without a name".to_owned();
    };
    // A C library's function has no path.
    if segments.len() == 1 {
        return match first.starts_with("sqlite3") {
            true => "sqlite3".to_owned(),
            false => "functions without a module (SQLite and others in C)".to_owned(),
        };
    }
    let depth = OWN
        .iter()
        .find(|(own, _)| own == first)
        .map_or(1, |(_, depth)| *depth);
    // The last segment is the function itself.
    let depth = depth.min(segments.len() - 1);
    segments.get(..depth).unwrap_or_default().join("::")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_counts_for_its_crate_and_in_ours_for_its_module() {
        for (name, part) in [
            ("app::screens::visit::form::Note", "app::screens::visit"),
            (
                "<replica::api::drafts::DraftBody as serde::Serialize>::serialize",
                "replica::api",
            ),
            ("replica::storage::records::load", "replica::storage"),
            ("app::main", "app"),
            ("core::fmt::write", "core"),
            (
                "<&mut alloc::vec::Vec<u8> as core::fmt::Write>::write_str",
                "alloc",
            ),
            ("sqlite3VdbeExec", "sqlite3"),
            ("_ZN4core3fmt5write17h0123456789abcdefE", "core"),
        ] {
            assert_eq!(part_of(name), part, "{name}");
        }
    }

    #[test]
    fn a_file_that_is_no_app_is_refused() {
        assert!(parts(b"no wasm").is_err());
    }
}
