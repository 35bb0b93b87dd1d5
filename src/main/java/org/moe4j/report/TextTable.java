package org.moe4j.report;

import java.util.ArrayList;
import java.util.List;

/** Aligned ASCII for any terminal: the first column to the left, numbers to the right. */
public final class TextTable {
    private final List<List<String>> lines = new ArrayList<>();

    /** A table with one line of headings. */
    public TextTable(List<String> headings) {
        lines.add(List.copyOf(headings));
    }

    public TextTable(String... headings) {
        this(List.of(headings));
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
                words.append(c == 0 ? line.get(c) + pad : "  " + pad + line.get(c));
            }
            text.append(words.toString().stripTrailing()).append(System.lineSeparator());
        }
        return text.toString();
    }

    static String ascii(String text) {
        return text.replace("±", "+-").replace("–", "-");
    }
}
