package org.moe4j.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.moe4j.io.AtomicFile;
import org.moe4j.io.FileHash;
import org.moe4j.io.InputException;

/**
 * Byte-level byte-pair encoding (Radford et al. 2019, section 2.2): tokens 0 .. 255 are the bytes, each further one joins two
 * earlier ones. A text is cut into pieces (words, numbers, punctuation, indentation), and within a piece the earliest
 * learned merge is made first.
 */
public final class BytePairTokenizer implements Tokenizer {
    private static final int BYTES = 256;
    private static final int REMEMBERED_PIECES = 1 << 20;
    private static final String FORMAT = "moe4j byte pairs, pieces " + Pieces.VERSION;
    private static final JsonMapper JSON = JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    /** What the JSON file holds. */
    private record Saved(String format, String fingerprint, int[][] merges) { }

    private final int[][] merges;
    private final byte[][] bytes;                        // of each token
    private final PairTable joined = new PairTable();    // pair -> the token that joins it
    private final String fingerprint;

    private BytePairTokenizer(int[][] merges) {
        this.merges = merges;
        bytes = new byte[BYTES + merges.length][];
        for (int i = 0; i < BYTES; i++) bytes[i] = new byte[] {(byte) i};
        for (int i = 0; i < merges.length; i++) {
            int left = merges[i][0];
            int right = merges[i][1];
            byte[] both = Arrays.copyOf(bytes[left], bytes[left].length + bytes[right].length);
            System.arraycopy(bytes[right], 0, both, bytes[left].length, bytes[right].length);
            bytes[BYTES + i] = both;
            joined.put(left, right, BYTES + i);
        }
        fingerprint = fingerprint(merges);
    }

    /**
     * Learns a tokenizer from texts; the same texts give the same one.
     *
     * @param vocabulary the number of tokens wanted, 257 to {@value Tokenizer#MAX_VOCABULARY}; fewer come out where no
     *     pair is left that occurs twice
     * @throws InputException if the vocabulary is out of range
     */
    public static BytePairTokenizer train(Iterable<String> texts, int vocabulary) {
        checkVocabulary(vocabulary);
        List<byte[]> encoded = new ArrayList<>();
        for (String text : texts) encoded.add(Utf8.encode(text));
        return new BytePairTokenizer(BytePairTrainer.train(encoded, vocabulary));
    }

    static void checkVocabulary(int vocabulary) {
        if (vocabulary > BYTES && vocabulary <= MAX_VOCABULARY) return;
        throw new InputException("a byte-pair vocabulary of " + vocabulary + " tokens is out of range: want 257 to " + MAX_VOCABULARY);
    }

    /**
     * Reads a tokenizer that {@link #save} wrote.
     *
     * @throws InputException if the file cannot be read, is not one, or is corrupted
     */
    public static BytePairTokenizer load(Path file) {
        Saved saved;
        try {
            saved = JSON.readValue(Files.readAllBytes(file), Saved.class);
        } catch (JsonProcessingException broken) {
            throw new InputException(file + " is not a saved tokenizer, or is corrupted", broken);
        } catch (IOException failure) {
            throw InputException.reading(file, failure);
        }
        if (saved == null || !FORMAT.equals(saved.format()) || saved.merges() == null) {
            throw new InputException(file + " is not a tokenizer of the form '" + FORMAT + "'");
        }
        if (!sound(saved.merges()) || !fingerprint(saved.merges()).equals(saved.fingerprint())) {
            throw new InputException(file + " is corrupted: its merges are not those that were saved");
        }
        return new BytePairTokenizer(saved.merges());
    }

    /**
     * Writes the tokenizer as JSON, atomically.
     *
     * @throws InputException if the file cannot be written
     */
    public void save(Path file) {
        try {
            AtomicFile.write(file, JSON.writeValueAsBytes(new Saved(FORMAT, fingerprint, merges)));
        } catch (JsonProcessingException impossible) {
            throw new AssertionError("numbers and texts are always JSON", impossible);
        }
    }

    @Override
    public String name() {
        return "bpe " + vocabularySize();
    }

    @Override
    public int vocabularySize() {
        return bytes.length;
    }

    @Override
    public int[] encode(String string) {
        byte[] text = Utf8.encode(string);
        PieceTable seen = new PieceTable();
        List<int[]> remembered = new ArrayList<>();
        int[] tokens = new int[text.length / 3 + 8];
        int n = 0;
        for (int from = 0, to; from < text.length; from = to) {
            to = Pieces.end(text, from);
            int[] piece;
            if (seen.size() < REMEMBERED_PIECES) {
                int number = seen.number(text, from, to);
                if (number == remembered.size()) remembered.add(merge(text, from, to));
                piece = remembered.get(number);
            } else {
                piece = merge(text, from, to);
            }
            if (n + piece.length > tokens.length) tokens = Arrays.copyOf(tokens, 2 * tokens.length + piece.length);
            System.arraycopy(piece, 0, tokens, n, piece.length);
            n += piece.length;
        }
        return Arrays.copyOf(tokens, n);
    }

    /** The tokens of one piece: the lowest token that joins two neighbours is the merge learned first. */
    private int[] merge(byte[] text, int from, int to) {
        int[] tokens = new int[to - from];
        int n = tokens.length;
        for (int i = 0; i < n; i++) tokens[i] = text[from + i] & 0xFF;
        while (true) {
            int first = Integer.MAX_VALUE;
            int at = -1;
            for (int i = 0; i + 1 < n; i++) {
                int token = joined.get(tokens[i], tokens[i + 1]);
                if (token != PairTable.NONE && token < first) {
                    first = token;
                    at = i;
                }
            }
            if (at < 0) return Arrays.copyOf(tokens, n);
            tokens[at] = first;
            System.arraycopy(tokens, at + 2, tokens, at + 1, n - at - 2);
            n--;
        }
    }

    @Override
    public String decode(int... tokens) {
        ByteArrayOutputStream all = new ByteArrayOutputStream(4 * tokens.length);
        for (int token : tokens) all.writeBytes(bytes[token]);
        return Utf8.decode(all.toByteArray());
    }

    @Override
    public int byteLength(int token) {
        return bytes[token].length;
    }

    @Override
    public String fingerprint() {
        return fingerprint;
    }

    private static String fingerprint(int[][] merges) {
        return FileHash.sha256(FORMAT + Arrays.deepToString(merges));
    }

    private static boolean sound(int[][] merges) {
        for (int i = 0; i < merges.length; i++) {
            if (merges[i] == null || merges[i].length != 2) return false;
            for (int token : merges[i]) if (token < 0 || token >= BYTES + i) return false;
        }
        return merges.length <= MAX_VOCABULARY - BYTES;
    }
}
