package org.moe4j.data;

/**
 * Cuts text into the pieces within which byte pairs may merge, much as GPT-2 does (Radford et al. 2019, section 2.2): a word,
 * up to three digits, or a run of punctuation, each with the one space before it; a run of white space less its last space
 * (so that indentation is a piece of its own and the next word looks as it does elsewhere). For source code a word also
 * ends where a capital follows a small letter, and takes one punctuation mark before it in place of the space. A zero byte
 * stands alone. No piece is longer than {@value #MAX_BYTES} bytes and one character.
 */
final class Pieces {
    /** Part of a tokenizer's identity: raise it when the cutting changes. */
    static final int VERSION = 1;

    static final int MAX_BYTES = 64;

    private static final byte LETTER = 0, CAPITAL = 1, DIGIT = 2, SPACE = 3, MARK = 4, END = 5;
    private static final byte[] ASCII = new byte[128];

    static {
        for (int c = 0; c < ASCII.length; c++) ASCII[c] = kindOf(c);
    }

    private Pieces() { }

    /** The end of the piece that starts at {@code from}; the text is UTF-8 as {@link Utf8} writes it. */
    static int end(byte[] text, int from) {
        byte kind = kind(text, from);
        int next = next(text, from);
        if (kind == END || next == text.length) return next;
        if (kind == SPACE) {
            int end = run(text, from, SPACE, from + MAX_BYTES);
            boolean joins = text[end - 1] == ' ' && end < text.length && kind(text, end) != END;
            if (end - from > 1 || !joins) return joins ? end - 1 : end;
            kind = kind(text, next);
            return core(text, next, kind, from + MAX_BYTES);
        }
        if (kind == MARK && isWord(kind(text, next))) return core(text, next, kind(text, next), from + MAX_BYTES);
        return core(text, from, kind, from + MAX_BYTES);
    }

    private static int core(byte[] text, int from, byte kind, int limit) {
        return switch (kind) {
            case DIGIT -> run(text, from, DIGIT, from + 3);
            case MARK -> run(text, from, MARK, limit);
            default -> run(text, run(text, from, CAPITAL, limit), LETTER, limit);
        };
    }

    private static int run(byte[] text, int from, byte kind, int limit) {
        int at = from;
        while (at < text.length && at < limit && kind(text, at) == kind) at = next(text, at);
        return at;
    }

    private static boolean isWord(byte kind) {
        return kind == LETTER || kind == CAPITAL;
    }

    private static int next(byte[] text, int at) {
        return text[at] >= 0 ? at + 1 : at + 1 + Utf8.continuations(text[at] & 0xFF);
    }

    private static byte kind(byte[] text, int at) {
        if (text[at] >= 0) return ASCII[text[at]];
        int more = Utf8.continuations(text[at] & 0xFF);
        int point = text[at] & 0x3F >> more;
        for (int i = 1; i <= more; i++) point = point << 6 | text[at + i] & 0x3F;
        return kindOf(point);
    }

    private static byte kindOf(int point) {
        if (point == 0) return END;
        if (Character.isWhitespace(point) || Character.isSpaceChar(point)) return SPACE;
        return switch (Character.getType(point)) {
            case Character.UPPERCASE_LETTER, Character.TITLECASE_LETTER -> CAPITAL;
            case Character.LOWERCASE_LETTER, Character.MODIFIER_LETTER, Character.OTHER_LETTER,
                 Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK -> LETTER;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> DIGIT;
            default -> MARK;
        };
    }
}
