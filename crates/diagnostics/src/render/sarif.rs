//! One SARIF 2.1.0 log of one run, for code scanning and for editors that read it.
//!
//! Columns count UTF-16 code units, which is what readers of SARIF assume. The fingerprint of a result rests on the code,
//! the path and the text of its place, not on its line, so that a finding stays the same one when lines above it change.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::files::{Encoding, FileId, Files};
use crate::model::{Diagnostic, Fix};
use crate::registry::Code;
use crate::render::text::{message, one_line};

/// The whole log, indented.
pub fn render(files: &Files, diagnostics: &[&Diagnostic]) -> String {
    let codes: BTreeSet<Code> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    let codes: Vec<Code> = codes.into_iter().collect();
    let mut seen = BTreeMap::new();
    let results: Vec<Value> = diagnostics
        .iter()
        .map(|diagnostic| {
            let fingerprint = fingerprint(files, diagnostic, &mut seen);
            let rule = codes.iter().position(|code| *code == diagnostic.code);
            result(files, diagnostic, rule, &fingerprint)
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "countersign",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            } },
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.code,
        "name": code.name,
        "shortDescription": { "text": code.summary },
        "help": { "text": code.page, "markdown": code.page },
        "defaultConfiguration": { "level": code.severity.as_str() },
        "properties": { "tags": [code.area] },
    })
}

fn result(files: &Files, diagnostic: &Diagnostic, rule: Option<usize>, fingerprint: &str) -> Value {
    let elsewhere = diagnostic.labels.iter().filter(|label| !diagnostic.is_primary(label));
    let related: Vec<Value> =
        elsewhere.map(|label| location(files, label.file, &label.span, Some(&label.text))).collect();
    let mut result = Map::new();
    let mut put = |key: &str, value: Value| result.insert(key.to_owned(), value);
    put("ruleId", json!(diagnostic.code.code));
    if let Some(rule) = rule {
        put("ruleIndex", json!(rule));
    }
    put("level", json!(diagnostic.severity.as_str()));
    put("message", json!({ "text": message(diagnostic) }));
    put("locations", json!([location(files, diagnostic.file, &diagnostic.span, None)]));
    if !related.is_empty() {
        put("relatedLocations", json!(related));
    }
    put("partialFingerprints", json!({ "countersign/v1": fingerprint }));
    let changes: Vec<Value> =
        diagnostic.fixes.iter().filter(|fix| !fix.edits.is_empty()).map(|item| fix(files, item)).collect();
    if !changes.is_empty() {
        put("fixes", json!(changes));
    }
    if let Some(case) = &diagnostic.counterexample {
        let inputs: Vec<Value> =
            case.inputs.iter().map(|(name, literal)| json!({ "name": name, "literal": literal })).collect();
        put("properties", json!({ "counterexample": { "inputs": inputs, "story": case.story } }));
    }
    Value::Object(result)
}

fn location(files: &Files, file: FileId, span: &Range<usize>, text: Option<&str>) -> Value {
    let mut location = json!({
        "physicalLocation": { "artifactLocation": artifact(files, file), "region": region(files, file, span) },
    });
    if let (Some(text), Some(object)) = (text, location.as_object_mut()) {
        object.insert("message".to_owned(), json!({ "text": one_line(text) }));
    }
    location
}

fn region(files: &Files, file: FileId, span: &Range<usize>) -> Value {
    let span = files.clamp(file, span);
    let start = files.position(file, span.start, Encoding::Utf16);
    let end = files.position(file, span.end, Encoding::Utf16);
    json!({
        "startLine": start.line + 1,
        "startColumn": start.column + 1,
        "endLine": end.line + 1,
        "endColumn": end.column + 1,
        "byteOffset": span.start,
        "byteLength": span.len(),
    })
}

fn artifact(files: &Files, file: FileId) -> Value {
    let path = files.path(file).replace('\\', "/");
    let encoded = percent_encoded(&path);
    if path.starts_with('/') {
        json!({ "uri": format!("file://{encoded}") })
    } else {
        json!({ "uri": encoded, "uriBaseId": "%SRCROOT%" })
    }
}

fn percent_encoded(path: &str) -> String {
    let encoded = path.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    });
    encoded.collect::<Vec<_>>().concat()
}

fn fix(files: &Files, fix: &Fix) -> Value {
    let mut by_file: BTreeMap<FileId, Vec<Value>> = BTreeMap::new();
    for edit in &fix.edits {
        by_file.entry(edit.file).or_default().push(json!({
            "deletedRegion": region(files, edit.file, &edit.span),
            "insertedContent": { "text": edit.text },
        }));
    }
    let changes: Vec<Value> = by_file
        .into_iter()
        .map(|(file, replacements)| json!({ "artifactLocation": artifact(files, file), "replacements": replacements }))
        .collect();
    json!({
        "description": { "text": one_line(&fix.title) },
        "artifactChanges": changes,
        "properties": { "applicability": fix.applicability.as_str() },
    })
}

/// The n-th finding of its kind with this text in this file.
fn fingerprint(files: &Files, diagnostic: &Diagnostic, seen: &mut BTreeMap<String, usize>) -> String {
    let start = files.clamp(diagnostic.file, &diagnostic.span).start;
    let line = files.position(diagnostic.file, start, Encoding::Utf8).line;
    let parts = [
        diagnostic.code.as_str(),
        files.path(diagnostic.file),
        files.line(diagnostic.file, line).trim(),
        files.slice(diagnostic.file, &diagnostic.span),
    ];
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digest: Vec<String> = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let digest = digest.concat();
    let nth = seen.entry(digest.clone()).or_insert(0);
    *nth += 1;
    format!("{digest}:{nth}")
}
