package org.moe4j.data;

import java.util.List;

/**
 * Text to token numbers and back. Every string comes back as it was: tokens stand for runs of bytes of its UTF-8 form, in
 * which a surrogate without its partner is written like any other character of its size. Immutable; safe for many threads.
 */
public interface Tokenizer {
    /** The most tokens that a vocabulary may have to be trained on: a {@link TokenSet} keeps them in 16 bits. */
    int MAX_VOCABULARY = 1 << 16;

    /** The token that ends a document, unless the tokenizer has one of its own: the byte 0, which no text has. */
    int END_OF_DOCUMENT = 0;

    /** What it is, in one word or two, such as "bpe 4096". */
    String name();

    /** V: tokens are 0 .. V-1. */
    int vocabularySize();

    /** The text's tokens. */
    int[] encode(String text);

    /** The tokens of documents, each followed by the token that ends one. */
    default int[] encodeDocuments(List<String> documents) {
        StringBuilder text = new StringBuilder();
        for (String document : documents) text.append(document).append((char) END_OF_DOCUMENT);
        return encode(text.toString());
    }

    /** The text of the tokens; bytes that are no UTF-8 (a model may write anything) become U+FFFD.
     *
     *  @throws IndexOutOfBoundsException if a token is outside the vocabulary */
    String decode(int... tokens);

    /** The number of bytes that a token stands for; their sum is the exact length of the text in bits-per-byte figures. */
    int byteLength(int token);

    /** The same for equal tokenizers, different for different ones. */
    String fingerprint();
}
