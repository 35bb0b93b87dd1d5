package org.moe4j.report;

import java.util.ArrayList;
import java.util.List;

/** Aligned ASCII for any terminal: the first column to the left, numbers to the right, and the last to the left where it is words. */
public final class TextTable {
    private final List<List<String>> lines = new ArrayList<>();
    private boolean wordsLast;

    /** A table with one line of headings. */
    public TextTable(List<String> headings) {
        lines.add(List.copyOf(headings));
    }

    public TextTable(String... headings) {
        this(List.of(headings));
    }

    /** The last column is words. */
    public TextTable wordsLast() {
        wordsLast = true;
        return this;
    }

    /** Adds a line with a cell for each heading. */
    public TextTable row(List<String> cells) {
        if (cells.size() != lines.getFirst().size()) {
            throw new IllegalArgumentException("a line of " + cells.size() + " cells under " + lines.getFirst().size() + " headings");
        }
        lines.add(cells.stream().map(TextTable::ascii).toList());
        return this;
    }

    public TextTable row(String... cells) {
        return row(List.of(cells));
    }

    /** The lines, each ended. */
    @Override
    public String toString() {
        int[] widths = new int[lines.getFirst().size()];
        for (List<String> line : lines) {
            for (int c = 0; c < widths.length; c++) widths[c] = Math.max(widths[c], line.get(c).length());
        }
        StringBuilder text = new StringBuilder();
        for (List<String> line : lines) {
            StringBuilder words = new StringBuilder();
            for (int c = 0; c < widths.length; c++) {
                String pad = " ".repeat(widths[c] - line.get(c).length());
                boolean left = c == 0 || wordsLast && c == widths.length - 1;
                words.append(c == 0 ? "" : "  ").append(left ? line.get(c) + pad : pad + line.get(c));
            }
            text.append(words.toString().stripTrailing()).append(System.lineSeparator());
        }
        return text.toString();
    }

    static String ascii(String text) {
        return text.replace("±", "+-").replace("–", "-");
    }
}
