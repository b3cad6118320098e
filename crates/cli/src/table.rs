//! Rows with columns that line up, for lists on a terminal.

use unicode_width::UnicodeWidthStr;

use crate::page::{Page, Tone};
use crate::safe;

/// Rows under a head.
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<(Tone, String)>>,
}

impl Table {
    /// No rows yet.
    pub fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    /// One more row.
    pub fn row(&mut self, cells: Vec<(Tone, String)>) {
        let cells = cells.into_iter().map(|(tone, text)| (tone, safe::line(&text))).collect();
        self.rows.push(cells);
    }

    /// Puts the table on a page. The last column is as wide as it has to be.
    pub fn print(&self, page: &mut Page) {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|(_, text)| text.width());
            cells.chain(self.head.get(column).map(|name| name.width())).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let head: Vec<_> = self.head.iter().map(|name| (Tone::Dim, (*name).to_owned())).collect();
        for row in std::iter::once(&head).chain(&self.rows) {
            for ((tone, text), width) in row.iter().zip(&widths) {
                let blanks = width.saturating_sub(text.width()) + 2;
                page.say(*tone, text).plain(&" ".repeat(blanks));
            }
            page.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_is_in_them() {
        let mut table = Table::new(&["id", "question"]);
        table.row(vec![(Tone::Plain, "task-1".into()), (Tone::Plain, "Pay?".into())]);
        table.row(vec![(Tone::Plain, "支払".into()), (Tone::Plain, "two\nlines".into())]);
        let mut page = Page::new(false);
        table.print(&mut page);
        insta::assert_snapshot!(page.finish(), @r"
        id      question
        task-1  Pay?
        支払    two lines
        ");
    }
}
