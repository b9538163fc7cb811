//! Scripts without what only people need: comments, spaces, long names of what a script keeps to itself.
//!
//! Names of properties stay, and so do the names under which a module gives and takes things: other files use them.

use anyhow::{Result, bail};
use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_compat::EngineTargets;
use oxc_minifier::{CompressOptions, MangleOptions, Minifier, MinifierOptions};
use oxc_parser::Parser;
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;

/// No newer syntax than the written scripts have: a browser that is too old must still reach the sentence that says so.
const LANGUAGE: &str = "es2020";

/// How a browser reads a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Imports and exports.
    Module,
    /// The only script of its world, without imports: a service worker.
    Classic,
}

/// The same script, shorter.
///
/// # Errors
/// When `script`, which the message calls `name`, is no JavaScript.
pub(crate) fn minified(name: &str, script: &str, kind: Kind) -> Result<String> {
    let allocator = Allocator::default();
    let source_type = match kind {
        Kind::Module => SourceType::mjs(),
        Kind::Classic => SourceType::script(),
    };
    let parsed = Parser::new(&allocator, script, source_type).parse();
    let mut program = parsed.program;
    // What the parser leaves for later: a name that is declared twice, an import in a classic script.
    let checked = SemanticBuilder::new()
        .with_check_syntax_error(true)
        .build(&program);
    if let Some(error) = parsed.diagnostics.iter().chain(&checked.diagnostics).next() {
        bail!("{name} cannot be minified, because it cannot be read as JavaScript: {error}");
    }
    let options = MinifierOptions {
        compress: Some(CompressOptions {
            target: EngineTargets::from_target(LANGUAGE).map_err(anyhow::Error::msg)?,
            ..CompressOptions::smallest()
        }),
        mangle: Some(MangleOptions {
            top_level: Some(true),
            ..MangleOptions::default()
        }),
        mangle_properties: None,
    };
    let minified = Minifier::new(options).minify(&allocator, &mut program);
    let printed = Codegen::new()
        .with_options(CodegenOptions::minify())
        .with_scoping(minified.scoping)
        .build(&program);
    Ok(printed.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_keeps_what_others_use_and_becomes_shorter() {
        let script = "// Counts.\nimport begin, { stop as halt } from './part-0123456789abcdef.js';\n\
            const longName = (firstValue) => begin(firstValue.count) ?? halt;\n\
            function countedTwice(value) { return longName(value) + longName(value.inner); }\n\
            export { countedTwice as counted, longName as default };\n\
            export function asItIs() {}\n";
        let short = minified("part.js", script, Kind::Module).unwrap();
        assert!(short.len() < script.len() * 3 / 4, "{short}");
        for kept in [
            "./part-0123456789abcdef.js",
            "stop as ",
            ".count",
            ".inner",
            " as counted",
            " as default",
            "function asItIs(",
        ] {
            assert!(short.contains(kept), "{kept} is gone: {short}");
        }
        for gone in ["Counts", "longName", "countedTwice", "firstValue", "halt"] {
            assert!(!short.contains(gone), "{gone} is still there: {short}");
        }
    }

    #[test]
    fn a_service_worker_is_shortened_as_a_whole() {
        let script = "'use strict';\nconst KEPT_FILES = [{ \"url\": \"/\" }, { \"url\": \"/a.js\" }];\n\
            self.addEventListener('fetch', (event) => event.respondWith(KEPT_FILES[event.which].url));\n";
        let short = minified("sw.js", script, Kind::Classic).unwrap();
        assert!(!short.contains("KEPT_FILES") && !short.contains(": "), "{short}");
        assert!(short.contains("use strict") && short.contains("/a.js"), "{short}");
    }

    #[test]
    fn no_newer_syntax_comes_in() {
        let script = "let kept; export const keep = (value) => { kept || (kept = value()); return kept; };";
        let short = minified("part.js", script, Kind::Module).unwrap();
        assert!(!short.contains("??=") && !short.contains("||="), "{short}");
    }

    #[test]
    fn what_is_no_script_is_refused_by_name() {
        for broken in [
            "const = 1;",
            "const open = {{place}};",
            "const twice = 1; const twice = 2;",
            "import './a.js'",
        ] {
            let error = minified("start.js", broken, Kind::Classic).unwrap_err();
            assert!(
                error.to_string().starts_with("start.js cannot be minified"),
                "{error}"
            );
        }
        assert!(minified("start.js", "import './a.js'", Kind::Module).is_ok());
    }
}
