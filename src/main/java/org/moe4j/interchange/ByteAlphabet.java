package org.moe4j.interchange;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

import com.fasterxml.jackson.databind.node.ObjectNode;
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

    /** A tokenizer.json in which each byte is the token of its number: what {@link org.moe4j.data.ByteTokenizer} computes. */
    static ObjectNode tokenizer() {
        ObjectNode root = JsonFile.JSON.createObjectNode().put("version", "1.0").putNull("truncation").putNull("padding");
        root.putArray("added_tokens");
        root.putNull("normalizer");
        for (String part : new String[] {"pre_tokenizer", "post_processor", "decoder"}) {
            root.putObject(part).put("type", "ByteLevel").put("add_prefix_space", false).put("trim_offsets", false).put("use_regex", false);
        }
        ObjectNode model = root.putObject("model").put("type", "BPE").putNull("dropout").putNull("unk_token").putNull("continuing_subword_prefix")
            .putNull("end_of_word_suffix").put("fuse_unk", false).put("byte_fallback", false);
        ObjectNode vocabulary = model.putObject("vocab");
        for (int b = 0; b < 256; b++) {
            vocabulary.put(String.valueOf(OF_BYTE[b]), b);
        }
        model.putArray("merges");
        return root;
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
