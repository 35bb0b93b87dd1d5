package org.moe4j.data;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** UTF-8 in which a lone surrogate is written in three bytes as if it were a character, so that every string comes back. */
public final class Utf8 {
    private static final int[] SMALLEST = {0, 0x80, 0x800, 0x10000};   // by the number of continuation bytes

    private Utf8() { }

    /** The bytes of a text. */
    public static byte[] encode(String text) {
        int lone = loneSurrogate(text, 0);
        if (lone < 0) return text.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length() + 16);
        int from = 0;
        for (; lone >= 0; from = lone + 1, lone = loneSurrogate(text, from)) {
            bytes.writeBytes(text.substring(from, lone).getBytes(StandardCharsets.UTF_8));
            char c = text.charAt(lone);
            bytes.write(0xE0 | c >> 12);
            bytes.write(0x80 | c >> 6 & 0x3F);
            bytes.write(0x80 | c & 0x3F);
        }
        bytes.writeBytes(text.substring(from).getBytes(StandardCharsets.UTF_8));
        return bytes.toByteArray();
    }

    private static int loneSurrogate(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            if (!Character.isSurrogate(text.charAt(i))) continue;
            if (i + 1 == text.length() || !Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) return i;
            i++;
        }
        return -1;
    }

    /** The text of bytes; what is no UTF-8 becomes U+FFFD. */
    public static String decode(byte[] bytes) {
        try {
            CharBuffer strict = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return strict.toString();
        } catch (CharacterCodingException notStrict) {
            return decodeLeniently(bytes);
        }
    }

    private static String decodeLeniently(byte[] bytes) {
        StringBuilder text = new StringBuilder(bytes.length);
        for (int i = 0; i < bytes.length;) {
            int more = continuations(bytes[i] & 0xFF);
            int point = more <= 0 ? bytes[i] & 0xFF : bytes[i] & 0x3F >> more;
            int next = i + 1;
            while (next - i <= more && next < bytes.length && (bytes[next] & 0xC0) == 0x80) point = point << 6 | bytes[next++] & 0x3F;
            boolean whole = more >= 0 && next - i == more + 1 && point >= SMALLEST[more] && point <= Character.MAX_CODE_POINT;
            text.appendCodePoint(whole ? point : 0xFFFD);
            i = whole ? next : i + 1;
        }
        return text.toString();
    }

    /** How many bytes follow a first byte; -1 if it is none. */
    static int continuations(int first) {
        if (first < 0x80) return 0;
        if (first < 0xC2) return -1;
        if (first < 0xE0) return 1;
        if (first < 0xF0) return 2;
        return first < 0xF5 ? 3 : -1;
    }
}
