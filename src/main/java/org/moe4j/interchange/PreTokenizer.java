package org.moe4j.interchange;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a text into the pieces within which byte pairs merge.
 *
 * @param cuts applied one after the other
 * @param prefixSpace whether a text that does not start with a space gets one
 */
record PreTokenizer(List<Cut> cuts, boolean prefixSpace) {
    /** What the pattern matches is a piece of its own; what lies between two matches is another, or is dropped. */
    record Cut(Pattern pattern, boolean dropsBetween) {
        /** A pattern in which \s is every white space of Unicode, as in the library that wrote it. */
        static Cut of(String regex) {
            return new Cut(Pattern.compile(regex, Pattern.UNICODE_CHARACTER_CLASS), false);
        }
    }

    /** GPT-2's pattern: contractions, words, numbers, other marks, each with the space before, and white space. */
    static final String GPT2 = "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    PreTokenizer {
        cuts = List.copyOf(cuts);
    }

    /** The pieces, which together are the text (and the space put before it) unless a cut drops some of it. */
    List<String> pieces(String text) {
        List<String> pieces = text.isEmpty() ? List.of() : List.of(prefixSpace && !text.startsWith(" ") ? " " + text : text);
        for (Cut cut : cuts) {
            List<String> finer = new ArrayList<>();
            for (String piece : pieces) {
                apply(cut, piece, finer);
            }
            pieces = finer;
        }
        return pieces;
    }

    private static void apply(Cut cut, String text, List<String> into) {
        int end = 0;
        for (Matcher match = cut.pattern.matcher(text); match.find(); end = match.end()) {
            add(text, cut.dropsBetween ? match.start() : end, match.start(), into);
            add(text, match.start(), match.end(), into);
        }
        add(text, cut.dropsBetween ? text.length() : end, text.length(), into);
    }

    private static void add(String text, int from, int to, List<String> into) {
        if (to > from) {
            into.add(text.substring(from, to));
        }
    }
}
