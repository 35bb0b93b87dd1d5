package org.moe4j.data;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.moe4j.io.AtomicFile;
import org.moe4j.io.FileHash;
import org.moe4j.io.InputException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Texts in tokens, kept in a folder so that the next start neither reads nor cuts up what has not changed: under the hash of the spec and of the path, size and
 * time of each of its files. Written atomically, checked by a sum when read; a file that is damaged is made anew, and a folder that cannot be written costs
 * time but no run. What is kept is bounded: when tokens are added, those that have not been read for longest are deleted.
 *
 * @param folder where they are; made when needed
 * @param most how many bytes are kept at most, except where what was kept last is larger
 */
record TokenCache(Path folder, long most) {
    private static final String FORMAT = "moe4j tokens 1";
    /** Files as young as this may change again without another size or time. */
    private static final long SETTLED_MILLIS = 2000;
    private static final long LARGEST = 1L << 30; // bytes
    private static final long MOST = 4 * LARGEST;
    private static final Pattern NAME = Pattern.compile("tokens-(\\p{XDigit}{24})\\.(bin|json)");

    private static final Logger LOG = LoggerFactory.getLogger(TokenCache.class);

    TokenCache(Path folder) {
        this(folder, MOST);
    }

    /** What the tokens of a spec are kept under; empty where its files cannot be told, or have only just been written. */
    Optional<String> key(DataSpec spec) {
        StringBuilder all = new StringBuilder(FORMAT + " " + Pieces.VERSION + " " + Runtime.version() + " " + spec);
        long settled = System.currentTimeMillis() - SETTLED_MILLIS;
        List<Path> roots = spec.text().isEmpty() ? List.of(JdkSource.ofRunningJdk(1).archive())
            : Stream.concat(spec.text().stream(), spec.validation().stream()).map(DataSpec::path).toList();
        for (Path root : roots) {
            try (Stream<Path> below = Files.walk(root.toRealPath(), FileVisitOption.FOLLOW_LINKS)) {
                for (Path file : below.sorted().toList()) {
                    if (Files.isRegularFile(file)) {
                        if (Files.getLastModifiedTime(file).toMillis() > settled) {
                            return Optional.empty();
                        }
                        all.append('\n').append(file).append(' ').append(Files.size(file)).append(' ').append(Files.getLastModifiedTime(file));
                    }
                }
            } catch (IOException | UncheckedIOException absent) { // whoever reads the text says which
                return Optional.empty();
            }
        }
        return Optional.of(FileHash.sha256(all.toString()).substring(0, 24));
    }

    /** What was kept; empty if nothing was, or if it is damaged. */
    Optional<TokenSet> read(String key, TokenizerKind kind) {
        Path file = tokens(key);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            byte[] bytes = Files.readAllBytes(file);
            int end = bytes.length - Long.BYTES;
            if (end < 0 || sum(bytes, end) != ByteBuffer.wrap(bytes).getLong(end)) {
                throw new IOException("its sum is not that of its bytes");
            }
            ByteArrayInputStream in = new ByteArrayInputStream(bytes, 0, end);
            DataInputStream head = new DataInputStream(in);
            String name = head.readUTF();
            String fingerprint = head.readUTF();
            Tokenizer tokenizer = kind == TokenizerKind.BYTE ? new ByteTokenizer() : BytePairTokenizer.load(tokenizer(key));
            if (!head.readUTF().equals(tokenizer.fingerprint())) {
                throw new IOException("its tokenizer is another one");
            }
            List<String> domains = new ArrayList<>();
            for (int left = head.readInt(); left > 0; left--) domains.add(head.readUTF());
            char[][] streams = new char[2 * domains.size()][];
            for (int i = 0; i < streams.length; i++) streams[i] = new char[head.readInt()];
            ByteBuffer values = ByteBuffer.wrap(bytes, end - in.available(), in.available());
            for (char[] stream : streams) {
                values.asCharBuffer().get(stream);
                values.position(values.position() + stream.length * Character.BYTES);
            }
            touch(file);
            return Optional.of(new TokenSet(name, fingerprint, tokenizer, domains, streams));
        } catch (IOException | InputException unsound) {
            LOG.warn("{} is not used: {}; it is made anew", file, unsound.getMessage());
            return Optional.empty();
        }
    }

    /** Keeps tokens for the next start. */
    void keep(String key, TokenSet made) {
        if (Character.BYTES * (made.trainTokens() + made.validTokens()) > LARGEST) {
            return;
        }
        char[][] streams = made.streams();
        try {
            ByteArrayOutputStream head = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(head);
            out.writeUTF(made.name());
            out.writeUTF(made.fingerprint());
            out.writeUTF(made.tokenizer().fingerprint());
            out.writeInt(made.domains().size());
            for (String domain : made.domains()) out.writeUTF(domain);
            for (char[] stream : streams) out.writeInt(stream.length);
            int length = head.size() + Math.toIntExact(Character.BYTES * (made.trainTokens() + made.validTokens()));
            ByteBuffer all = ByteBuffer.allocate(length + Long.BYTES).put(head.toByteArray());
            for (char[] stream : streams) {
                all.asCharBuffer().put(stream);
                all.position(all.position() + stream.length * Character.BYTES);
            }
            all.putLong(sum(all.array(), length));
            if (made.tokenizer() instanceof BytePairTokenizer trained) {
                trained.save(tokenizer(key));
            }
            AtomicFile.write(tokens(key), all.array());
            deleteOldest(key);
        } catch (IOException | InputException unwritable) {
            LOG.debug("the tokens are not kept for the next run: {}", unwritable.getMessage());
        }
    }

    /** The time of a file tells when its tokens were last read; where it can't be set, they count as older. */
    private static void touch(Path file) {
        try {
            Files.setLastModifiedTime(file, FileTime.fromMillis(System.currentTimeMillis()));
        } catch (IOException readOnly) {
            LOG.debug("{} is not marked as read: {}", file, readOnly.getMessage());
        }
    }

    /** The files of one text: its tokens and, where it was trained, their tokenizer. */
    private record Entry(String key, long bytes, FileTime read) {
        Entry plus(Entry other) {
            return new Entry(key, bytes + other.bytes, read.compareTo(other.read) > 0 ? read : other.read);
        }
    }

    /** Deletes what has not been read for longest, beyond the bound; not what was kept last. */
    private void deleteOldest(String last) throws IOException {
        Map<String, Entry> entries = new HashMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Matcher name = NAME.matcher(file.getFileName().toString());
                if (name.matches()) {
                    entries.merge(name.group(1), new Entry(name.group(1), Files.size(file), Files.getLastModifiedTime(file)), Entry::plus);
                }
            }
        }
        long left = most - entries.remove(last).bytes();
        for (Entry entry : entries.values().stream().sorted(Comparator.comparing(Entry::read).reversed()).toList()) {
            left -= entry.bytes();
            if (left < 0) {
                Files.deleteIfExists(tokens(entry.key()));
                Files.deleteIfExists(tokenizer(entry.key()));
            }
        }
    }

    private Path tokens(String key) {
        return folder.resolve("tokens-" + key + ".bin");
    }

    private Path tokenizer(String key) {
        return folder.resolve("tokens-" + key + ".json");
    }

    private static long sum(byte[] bytes, int length) {
        CRC32C sum = new CRC32C();
        sum.update(bytes, 0, length);
        return sum.getValue();
    }
}
