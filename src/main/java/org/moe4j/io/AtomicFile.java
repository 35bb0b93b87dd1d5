package org.moe4j.io;

import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Writes a file wholly or not at all: to a temporary name in the same folder, forced to disk, then renamed. Whoever reads
 * the name sees the old content or the new one, and after a power cut too. When the writing fails, the old file stays and
 * the temporary one goes. Missing folders are made.
 *
 * <p>Plain streams rather than channels: a channel is closed when its thread is interrupted, and a checkpoint must
 * survive Ctrl-C.
 */
public final class AtomicFile {
    private static final int BUFFER_BYTES = 1 << 16;

    /** What writes the content. */
    @FunctionalInterface
    public interface Body {
        /** @param out buffered; closed by the caller */
        void writeTo(OutputStream out) throws IOException;
    }

    private AtomicFile() { }

    /**
     * Replaces the content of a file by a text, in UTF-8.
     *
     * @throws InputException if it cannot be written
     */
    public static void write(Path path, String text) {
        write(path, text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Replaces the content of a file.
     *
     * @throws InputException if it cannot be written
     */
    public static void write(Path path, byte[] content) {
        write(path, out -> out.write(content));
    }

    /**
     * Replaces the content of a file by what {@code body} writes.
     *
     * @throws InputException if it cannot be written; what {@code body} throws unchecked comes through as it is
     */
    public static void write(Path path, Body body) {
        try {
            Path target = Files.isSymbolicLink(path) ? path.toRealPath() : path.toAbsolutePath();
            if (Files.isDirectory(target)) throw new InputException("cannot write " + path + ": it is a folder");
            Files.createDirectories(target.getParent());
            Path temporary = target.resolveSibling("." + target.getFileName() + "."
                    + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".tmp");
            try {
                writeForced(temporary, body);
                Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (Throwable failure) {
                deleteQuietly(temporary, failure);
                throw failure;
            }
            forceFolder(target.getParent());
        } catch (IOException failure) {
            throw InputException.writing(path, failure);
        }
    }

    private static void writeForced(Path temporary, Body body) throws IOException {
        Files.createFile(temporary);   // its exceptions say why not; the stream's don't
        try (FileOutputStream file = new FileOutputStream(temporary.toFile());
             OutputStream out = new BufferedOutputStream(file, BUFFER_BYTES)) {
            body.writeTo(out);
            out.flush();
            file.getFD().sync();
        }
    }

    private static void deleteQuietly(Path temporary, Throwable failure) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException stays) {
            failure.addSuppressed(stays);
        }
    }

    /** Makes the new name itself durable; not every system lets a folder be opened, and there nothing more can be done. */
    private static void forceFolder(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException unsupported) {
            return;
        }
    }
}
