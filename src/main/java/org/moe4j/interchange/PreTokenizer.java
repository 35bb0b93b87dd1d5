package org.moe4j.interchange;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a text into the pieces within which byte pairs merge.
 *
 * @param cuts applied one after the other: what a pattern matches is a piece of its own, and so is what lies between
 * @param prefixSpace whether a text that does not start with a space gets one
 */
record PreTokenizer(List<Pattern> cuts, boolean prefixSpace) {
    /** GPT-2's pattern: contractions, words, numbers, other marks, each with the space before, and white space. */
    static final String GPT2 = "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    PreTokenizer {
        cuts = List.copyOf(cuts);
    }

    /** A pattern in which \s is every white space of Unicode, as in the library that wrote it. */
    static Pattern pattern(String regex) {
        return Pattern.compile(regex, Pattern.UNICODE_CHARACTER_CLASS);
    }

    /** The pieces, which together are the text (and the space put before it). */
    List<String> pieces(String text) {
        List<String> pieces = text.isEmpty() ? List.of() : List.of(prefixSpace && !text.startsWith(" ") ? " " + text : text);
        for (Pattern cut : cuts) {
            List<String> finer = new ArrayList<>();
            for (String piece : pieces) {
                isolate(cut, piece, finer);
            }
            pieces = finer;
        }
        return pieces;
    }

    private static void isolate(Pattern cut, String text, List<String> into) {
        int end = 0;
        for (Matcher match = cut.matcher(text); match.find();) {
            add(text, end, match.start(), into);
            add(text, match.start(), match.end(), into);
            end = match.end();
        }
        add(text, end, text.length(), into);
    }

    private static void add(String text, int from, int to, List<String> into) {
        if (to > from) {
            into.add(text.substring(from, to));
        }
    }
}
