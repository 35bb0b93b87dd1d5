package org.moe4j.interchange;

import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

import org.moe4j.data.Tokenizer;
import org.moe4j.data.Utf8;
import org.moe4j.io.InputException;

/**
 * A byte-level BPE tokenizer as tokenizer.json describes it: GPT-2's, GPT-NeoX's (which OLMoE uses) and their like. The tokens are
 * those that Hugging Face's tokenizers gives without special tokens around the text: post-processors are not applied.
 *
 * <p>Every text comes back as it was unless the file asks for something else: normal form C, or a space before the text.
 */
public final class ByteLevelTokenizer implements Tokenizer {
    private static final int REMEMBERED_PIECES = 1 << 17;

    private final Parts parts;
    private final int[] byteTokens = new int[256];
    private final byte[][] bytes;                                                 // of each token; empty where the number is not used
    private final Integer endOfDocument;                                          // null for none
    private final Map<String, int[]> remembered = new ConcurrentHashMap<>();

    /**
     * What tokenizer.json says.
     *
     * @param vocabulary token numbers by their spelling in the {@link ByteAlphabet}
     * @param added token numbers by their text
     * @param special the numbers of the added tokens that are marks and no text
     * @param beforeNormalizing added tokens that are looked for in the text as it is
     * @param afterNormalizing added tokens that are looked for in the normalised text
     * @param wholePieces whether a piece that is in the vocabulary is that token whatever the merges say
     */
    record Parts(Map<String, Integer> vocabulary, BytePairMerges merges, boolean wholePieces, boolean normalFormC, PreTokenizer preTokenizer,
                 Map<String, Integer> added, BitSet special, AddedTokens beforeNormalizing, AddedTokens afterNormalizing, String fingerprint) {}

    private ByteLevelTokenizer(Parts parts, Integer endOfDocument) {
        this.parts = parts;
        this.endOfDocument = endOfDocument;
        int size = 1 + IntStream.concat(parts.vocabulary.values().stream().mapToInt(i -> i), parts.added.values().stream().mapToInt(i -> i)).max().orElse(-1);
        bytes = new byte[size][];
        Arrays.fill(bytes, new byte[0]);
        parts.vocabulary.forEach((token, number) -> bytes[number] = ByteAlphabet.bytes(token));
        parts.added.forEach((token, number) -> bytes[number] = Utf8.encode(token));
        for (int b = 0; b < 256; b++) {
            byteTokens[b] = parts.vocabulary.getOrDefault(String.valueOf(ByteAlphabet.character(b)), -1);
        }
    }

    /**
     * Reads a tokenizer.json.
     *
     * @throws InputException if the file cannot be read, is not sound, or asks for something that is not byte-level BPE
     */
    public static ByteLevelTokenizer read(Path file) {
        return new ByteLevelTokenizer(TokenizerJson.read(file), null);
    }

    /**
     * The same with a token that ends documents.
     *
     * @throws InputException if there is no such token
     */
    public ByteLevelTokenizer endingDocumentsWith(int token) {
        if (token < 0 || token >= bytes.length) {
            throw new InputException("the token that ends a document is " + token + "; the tokenizer has 0 to " + (bytes.length - 1));
        }
        return new ByteLevelTokenizer(parts, token);
    }

    /** The number of an added token such as {@code <|endoftext|>}, or null. */
    public Integer added(String text) {
        return parts.added.get(text);
    }

    @Override
    public String name() {
        return "byte-level bpe " + vocabularySize();
    }

    /** The largest number of a token, plus 1; a model may have more rows than that. */
    @Override
    public int vocabularySize() {
        return bytes.length;
    }

    @Override
    public int[] encode(String text) {
        IntStream.Builder tokens = IntStream.builder();
        parts.beforeNormalizing.split(text, tokens, raw -> {
            String normal = parts.normalFormC ? Normalizer.normalize(raw, Normalizer.Form.NFC) : raw;
            parts.afterNormalizing.split(normal, tokens, plain -> {
                for (String piece : parts.preTokenizer.pieces(plain)) {
                    for (int token : tokens(piece)) {
                        tokens.accept(token);
                    }
                }
            });
        });
        return tokens.build().toArray();
    }

    private int[] tokens(String piece) {
        int[] known = remembered.get(piece);
        if (known != null) {
            return known;
        }
        int[] tokens = merged(piece);
        if (remembered.size() < REMEMBERED_PIECES) {
            remembered.put(piece, tokens);
        }
        return tokens;
    }

    private int[] merged(String piece) {
        byte[] utf8 = Utf8.encode(piece);
        if (parts.wholePieces) {
            StringBuilder spelling = new StringBuilder(utf8.length);
            for (byte b : utf8) {
                spelling.append(ByteAlphabet.character(b & 0xFF));
            }
            Integer whole = parts.vocabulary.get(spelling.toString());
            if (whole != null) {
                return new int[] {whole};
            }
        }
        return parts.merges.apply(IntStream.range(0, utf8.length).map(i -> byteTokens[utf8[i] & 0xFF]).toArray());
    }

    /** @throws InputException if it is not known which token ends a document */
    @Override
    public int[] encodeDocuments(List<String> documents) {
        if (endOfDocument == null) {
            throw new InputException("nothing says which token ends a document: config.json wants an eos_token_id");
        }
        return documents.stream().flatMapToInt(text -> IntStream.concat(IntStream.of(encode(text)), IntStream.of(endOfDocument))).toArray();
    }

    @Override
    public String decode(int... tokens) {
        ByteArrayOutputStream all = new ByteArrayOutputStream(4 * tokens.length);
        for (int token : tokens) {
            all.writeBytes(bytes[token]);
        }
        return Utf8.decode(all.toByteArray());
    }

    /** A special token is a mark and no text: it counts no byte. */
    @Override
    public int byteLength(int token) {
        return parts.special.get(token) ? 0 : bytes[token].length;
    }

    @Override
    public String fingerprint() {
        return parts.fingerprint + (endOfDocument == null ? "" : " ending " + endOfDocument);
    }
}
