package org.moe4j.backend;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

import org.moe4j.io.InputException;
import org.moe4j.tensor.CounterRandom;

/**
 * A table of more rows than memory holds, in a file that is mapped: the system brings in the pages that are touched and writes them back
 * when it wants the room. It is the storage half of PanGu-Sigma's separation of expert computation and storage (Ren et al. 2023), where an
 * expert's weights are a row, and so are its optimizer's moments in stores of their own.
 *
 * <p>The file is made sparse: a header line that says what it holds, a byte for each row that says whether it was drawn, the rows. A row gets
 * its first values, and room on the disk, when it is first touched; as these are a function of the row alone, it does not matter when. Rows
 * never touched cost nothing but address space.
 *
 * <p>When the process is killed, what it wrote stays, and the same model built again goes on with it. A row is then as its last step left it,
 * or, if it was being written, partly older; a row that was being drawn is drawn again. What optimizers kept begins anew. After a power cut
 * nothing is promised. A checkpoint holds every row, of weights and of what optimizers keep.
 *
 * <p>A store serves one run at a time, and stays where it was made: values are in the machine's byte order.
 */
public final class RowStore {
    private static final int PAGE = 4096;
    private static final int PIECE = 1 << 16;
    private static final String MAGIC = "moe4j store of rows: ";

    private final Content content;
    private final int bytesPerValue;
    private final boolean anew;
    private RandomAccessFile file;                                                 // null until first touched, if temporary
    private MemorySegment all;

    /**
     * What a store holds, and where.
     *
     * @param folder where the file is, named after {@code name}; null for a temporary file that goes with the process
     * @param name of the table, as the parameter's
     * @param random the numbers it starts from: value i has number i
     * @param deviation what these normal numbers are multiplied by; 0 for rows of zeros
     */
    public record Content(Path folder, String name, int rows, int width, CounterRandom random, double deviation) {
        /** Rows of zeros beside these, for what an optimizer keeps. */
        public Content zeros(String state) {
            return new Content(folder, name + "." + state, rows, width, random, 0);
        }

        private Path file() {
            return folder.resolve(name + ".rows");
        }
    }

    /**
     * Opens the file, or makes it.
     *
     * @throws InputException if it cannot be made or mapped, is of another table or another size, or is no store
     */
    public RowStore(Content content, int bytesPerValue) {
        this(content, bytesPerValue, false);
    }

    /** @param anew whether a file that is there is replaced */
    private RowStore(Content content, int bytesPerValue, boolean anew) {
        this.content = content;
        this.bytesPerValue = bytesPerValue;
        this.anew = anew;
        if (content.folder != null) {
            open();
        }
    }

    /** All rows as one storage; slices of it touch the rows they are read or written in, and no others. */
    public StoredValues values() {
        return new StoredValues(this, 0, (long) content.rows * content.width);
    }

    /** A new store of zeros of the same rows, for what an optimizer keeps; one of that name is replaced, as optimizers begin with nothing. */
    public RowStore beside(String state) {
        return new RowStore(content.zeros(state), bytesPerValue, true);
    }

    int bytesPerValue() {
        return bytesPerValue;
    }

    /** How many rows were touched since the file was made. */
    public synchronized long drawnRows() {
        long drawn = 0;
        for (int row = 0; row < content.rows && all != null; row++) {
            drawn += all.get(ValueLayout.JAVA_BYTE, PAGE + row);
        }
        return drawn;
    }

    /**
     * For a run that is to begin with new rows.
     *
     * @throws InputException if rows were touched before
     */
    public void requireUntouched() {
        if (drawnRows() > 0) {
            throw new InputException(path() + " has rows of an earlier run, which a new one would go on from; remove it, or give another folder");
        }
    }

    /** The values from {@code offset} on, drawn. */
    synchronized MemorySegment touch(long offset, long size) {
        if (file == null) {
            open();
        }
        for (int row = (int) (offset / content.width); size > 0 && row <= (offset + size - 1) / content.width; row++) {
            if (all.get(ValueLayout.JAVA_BYTE, PAGE + row) == 0) {
                draw(row);
            }
        }
        return all.asSlice(start() + offset * bytesPerValue, size * bytesPerValue);
    }

    /** Blocks of the disk are taken by writing to the file, which says so when there are none; a write to the mapping would end the process. */
    private void draw(int row) {
        long at = start() + (long) row * content.width * bytesPerValue;
        long end = at + (long) content.width * bytesPerValue;
        byte[] zeros = new byte[(int) Math.min(PIECE, end - at)];
        try {
            file.seek(at);
            for (long from = at; from < end; from += zeros.length) {
                file.write(zeros, 0, (int) Math.min(zeros.length, end - from));
            }
        } catch (IOException failure) {
            throw InputException.writing(path(), failure);
        }
        long first = (long) row * content.width;
        for (int i = 0; i < content.width && content.deviation != 0; i++) {
            put(first + i, content.deviation * content.random.normal(first + i));
        }
        all.set(ValueLayout.JAVA_BYTE, PAGE + row, (byte) 1);
    }

    private void put(long index, double value) {
        long at = start() + index * bytesPerValue;
        if (bytesPerValue == Float.BYTES) {
            all.set(ValueLayout.JAVA_FLOAT, at, (float) value);
        } else {
            all.set(ValueLayout.JAVA_DOUBLE, at, value);
        }
    }

    /** Where the rows start, in bytes. */
    private long start() {
        return PAGE + Math.ceilDiv(content.rows, (long) PAGE) * PAGE;
    }

    private long fileSize() {
        return start() + (long) content.rows * content.width * bytesPerValue;
    }

    private String header() {
        String start = content.deviation == 0 ? "zeros" : "normal " + content.deviation + " of key " + Long.toHexString(content.random.key());
        return MAGIC + content.name + ", " + content.rows + " of " + content.width + " float" + 8 * bytesPerValue + " " + ByteOrder.nativeOrder() + ", at first " + start;
    }

    private Path path() {
        return content.folder == null ? Path.of(System.getProperty("java.io.tmpdir")) : content.file();
    }

    private void open() {
        try {
            if (content.folder == null) {
                openTemporary();
                return;
            }
            Files.createDirectories(content.folder);
            if (Files.exists(content.file()) && !anew) {
                check();
            } else {
                make();
            }
            map(content.file());
        } catch (IOException failure) {
            throw InputException.writing(path(), failure);
        }
    }

    private void openTemporary() throws IOException {
        Path temporary = Files.createTempFile("moe4j-", ".rows");
        try {
            write(temporary);
            map(temporary);
        } finally {
            try {
                Files.delete(temporary);                                          // the mapping keeps what it needs
            } catch (IOException stillInUse) {
                temporary.toFile().deleteOnExit();
            }
        }
    }

    /** Under another name first, so that there is a whole store by this name or none. */
    private void make() throws IOException {
        Path temporary = content.folder.resolve("." + content.name + "." + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".tmp");
        try {
            write(temporary);
            Files.move(temporary, content.file(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private void write(Path to) throws IOException {
        try (RandomAccessFile made = new RandomAccessFile(to.toFile(), "rw")) {
            made.setLength(fileSize());
            made.write(Arrays.copyOf((header() + "\n").getBytes(StandardCharsets.UTF_8), PAGE));
            made.write(new byte[Math.toIntExact(start() - PAGE)]);                // the marks of rows, which are set through the mapping
            made.getFD().sync();
        }
    }

    private void check() throws IOException {
        byte[] page = new byte[PAGE];
        long size;
        try (RandomAccessFile found = new RandomAccessFile(content.file().toFile(), "r")) {
            size = found.length();
            found.readFully(page, 0, (int) Math.min(PAGE, size));
        }
        String header = new String(page, StandardCharsets.UTF_8).lines().findFirst().orElse("");
        if (!header.startsWith(MAGIC)) {
            throw new InputException(content.file() + " is no store of rows: it does not begin with the words \"" + MAGIC.strip() + "\"");
        }
        if (!header.equals(header())) {
            throw new InputException(content.file() + " is of another model: it holds " + header.substring(MAGIC.length()) + "; wanted is "
                + header().substring(MAGIC.length()));
        }
        if (size != fileSize()) {
            throw new InputException(content.file() + " has " + size + " bytes, where its rows want " + fileSize() + ": it was cut off or added to");
        }
    }

    /** An interrupt, which stops a run after its step, would close the file; it is kept for later. */
    private void map(Path from) throws IOException {
        boolean interrupted = Thread.interrupted();
        try {
            file = new RandomAccessFile(from.toFile(), "rw");
            all = file.getChannel().map(MapMode.READ_WRITE, 0, fileSize(), Arena.ofAuto());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
