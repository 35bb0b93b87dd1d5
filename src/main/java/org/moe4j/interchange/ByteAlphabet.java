package org.moe4j.interchange;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

import org.moe4j.data.Utf8;

/**
 * The 256 characters in which byte-level vocabularies spell bytes (GPT-2, Radford et al. 2019): a printable character of Latin-1
 * stands for its own byte, the others, white space among them, are U+0100 and on, in the order of their bytes. So a space is Ġ.
 */
final class ByteAlphabet {
    private static final char[] OF_BYTE = new char[256];
    private static final int[] OF_CHARACTER = new int[512];                       // -1: not in the alphabet

    static {
        Arrays.fill(OF_CHARACTER, -1);
        char next = 0x100;
        for (int b = 0; b < 256; b++) {
            boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b != 0xAD;
            OF_BYTE[b] = printable ? (char) b : next++;
            OF_CHARACTER[OF_BYTE[b]] = b;
        }
    }

    private ByteAlphabet() {}

    /** The character of a byte, 0 to 255. */
    static char character(int b) {
        return OF_BYTE[b];
    }

    /** Whether the byte can stand in a text, lone surrogates included: thirteen of the 256 do not occur in UTF-8. */
    static boolean occurs(int b) {
        return b != 0xC0 && b != 0xC1 && b < 0xF5;
    }

    /** The bytes that a token of the vocabulary spells; a token with a character outside the alphabet stands for itself. */
    static byte[] bytes(String token) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(token.length());
        for (int i = 0; i < token.length(); i++) {
            char c = token.charAt(i);
            if (c >= OF_CHARACTER.length || OF_CHARACTER[c] < 0) {
                return Utf8.encode(token);
            }
            bytes.write(OF_CHARACTER[c]);
        }
        return bytes.toByteArray();
    }
}
