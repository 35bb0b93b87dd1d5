package org.moe4j.data;

import java.util.Objects;

/** One token a byte: V = 256, nothing to train, any text. */
public final class ByteTokenizer implements Tokenizer {
    private static final int BYTES = 256;

    @Override
    public String name() {
        return "byte";
    }

    @Override
    public int vocabularySize() {
        return BYTES;
    }

    @Override
    public int[] encode(String text) {
        byte[] bytes = Utf8.encode(text);
        int[] tokens = new int[bytes.length];
        for (int i = 0; i < tokens.length; i++) tokens[i] = bytes[i] & 0xFF;
        return tokens;
    }

    @Override
    public String decode(int... tokens) {
        byte[] bytes = new byte[tokens.length];
        for (int i = 0; i < tokens.length; i++) bytes[i] = (byte) Objects.checkIndex(tokens[i], BYTES);
        return Utf8.decode(bytes);
    }

    @Override
    public int byteLength(int token) {
        Objects.checkIndex(token, BYTES);
        return 1;
    }

    @Override
    public String fingerprint() {
        return "byte";
    }
}
