//! The reference page as Markdown.
#![allow(unreachable_pub, reason = "shared by the test binaries of this folder")]

use std::fmt::Write;

/// What the page says before its tables.
const INTRODUCTION: &str = include_str!("introduction.md");

/// A function or an operator.
pub struct Row {
    /// As Markdown.
    pub name: String,
    pub signatures: Vec<String>,
    pub doc: String,
    pub example: String,
    pub runs: bool,
}

struct Section {
    title: String,
    /// The chapter it is a part of.
    chapter: Option<String>,
    rows: Vec<Row>,
}

/// Sections of rows, some of them in a chapter.
#[derive(Default)]
pub struct Page {
    sections: Vec<Section>,
    chapter: Option<String>,
}

impl Page {
    /// The sections that follow are parts of this chapter.
    pub fn chapter(&mut self, title: &str) {
        self.chapter = Some(title.to_owned());
    }

    /// The sections that follow stand for themselves.
    pub fn end_chapter(&mut self) {
        self.chapter = None;
    }

    pub fn section(&mut self, title: &str, rows: Vec<Row>) {
        self.sections.push(Section {
            title: title.to_owned(),
            chapter: self.chapter.clone(),
            rows,
        });
    }

    pub fn text(&self) -> String {
        let mut text = INTRODUCTION.replace("{counts}", &self.counts());
        let mut chapter = None;
        for section in &self.sections {
            if let Some(title) = section.chapter.as_ref().filter(|new| chapter != Some(*new)) {
                writeln!(text, "\n## {title}").unwrap();
            }
            chapter = section.chapter.as_ref();
            let level = if chapter.is_some() { "###" } else { "##" };
            writeln!(text, "\n{level} {}\n", section.title).unwrap();
            text.push_str(&table(&section.rows));
        }
        text
    }

    /// How many run, a line per chapter or section without one.
    fn counts(&self) -> String {
        let mut lines: Vec<(&str, usize, usize)> = Vec::new();
        for section in &self.sections {
            let title = section.chapter.as_ref().unwrap_or(&section.title);
            let runs = section.rows.iter().filter(|row| row.runs).count();
            match lines.last_mut() {
                Some((last, run, all)) if *last == title.as_str() => {
                    *run += runs;
                    *all += section.rows.len();
                }
                _ => lines.push((title, runs, section.rows.len())),
            }
        }
        let mut text = "| | run | of |\n| --- | ---: | ---: |\n".to_owned();
        for (title, runs, all) in lines {
            writeln!(text, "| {title} | {runs} | {all} |").unwrap();
        }
        text.trim_end().to_owned()
    }
}

/// A table; columns that no row fills are left out.
fn table(rows: &[Row]) -> String {
    let signatures = rows.iter().any(|row| !row.signatures.is_empty());
    let docs = rows.iter().any(|row| !row.doc.is_empty());
    let shown = |cells: [String; 5]| {
        let [name, signature, doc, example, runs] = cells;
        let cells = [
            Some(name),
            signatures.then_some(signature),
            docs.then_some(doc),
            Some(example),
            Some(runs),
        ];
        let cells: Vec<String> = cells.into_iter().flatten().collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = shown(["name", "form", "what it does", "example", "runs"].map(str::to_owned));
    text.push_str(&shown(std::array::from_fn(|_| "---".to_owned())));
    for row in rows {
        let forms: Vec<String> = row.signatures.iter().map(|s| code(s)).collect();
        text.push_str(&shown([
            row.name.clone(),
            forms.join("<br>"),
            row.doc.replace('|', "\\|"),
            code(&row.example),
            if row.runs { "yes" } else { "not yet" }.to_owned(),
        ]));
    }
    text
}

/// Code in a table's cell: bars would end the cell, backticks the code.
pub fn code(text: &str) -> String {
    let escaped = text.replace('|', "\\|");
    match escaped.as_str() {
        "" => String::new(),
        inside if inside.contains('`') => format!("`` {inside} ``"),
        plain => format!("`{plain}`"),
    }
}
