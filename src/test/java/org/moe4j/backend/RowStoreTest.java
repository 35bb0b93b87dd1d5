package org.moe4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.io.InputException;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

class RowStoreTest {
    private static final CounterRandom RANDOM = CounterRandom.of(1, "experts");
    private static final int ROWS = 5000;
    private static final int WIDTH = 33;

    @TempDir
    Path folder;

    private RowStore.Content content(Path in) {
        return new RowStore.Content(in, "blocks.0.experts.in", ROWS, WIDTH, RANDOM, 0.25);
    }

    private static double[] all(Storage x) {
        double[] values = new double[(int) x.size()];
        x.read(0, values);
        return values;
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "simd", OpenedBackend.EMULATED, "cuda"})
    void theRowsAreThoseOfATableInMemory(String name) {
        try (Backend on = OpenedBackend.open(name, 2)) {
            Storage memory = on.allocate((long) ROWS * WIDTH);
            on.normal(RANDOM, 0.25, memory);
            for (Path place : Arrays.asList(folder, null)) {
                Storage stored = on.store(content(place));
                assertThat(stored.inMemory()).isFalse();
                IntStorage rows = IntStorage.of(7, 4999, -1, 0);
                Storage some = on.allocate(4 * WIDTH);
                on.gatherRows(stored, WIDTH, rows, some);
                Storage expected = on.allocate(4 * WIDTH);
                on.gatherRows(memory, WIDTH, rows, expected);
                assertThat(all(some)).isEqualTo(all(expected));
                assertThat(((StoredValues) stored).store().drawnRows()).isEqualTo(3);
                assertThat(all(stored)).isEqualTo(all(memory));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "simd", OpenedBackend.EMULATED, "cuda"})
    void whatIsWrittenStaysWhenItIsOpenedAgain(String name) {
        try (Backend on = OpenedBackend.open(name, 1)) {
            Storage stored = on.store(content(folder));
            Storage two = on.allocate(2 * WIDTH);
            on.fill(two, 3.5);
            on.copy(two, stored.slice(100 * WIDTH, 2 * WIDTH));
            stored.write(102 * WIDTH, 1, 2, 3);
            stored.write(103 * WIDTH, new float[] {4, 5});
            stored.set(104 * WIDTH, 6);
            StoredValues again = (StoredValues) on.store(content(folder));
            assertThat(again.store().drawnRows()).isEqualTo(5);
            assertThat(all(again.slice(100 * WIDTH, 2 * WIDTH))).containsOnly(3.5);
            assertThat(Stream.of(102, 103, 104).map(row -> again.get(row * WIDTH)).toList()).containsExactly(1.0, 4.0, 6.0);
            assertThat(again.get(102 * WIDTH + 3)).isEqualTo((float) (0.25 * RANDOM.normal(102 * WIDTH + 3)), org.assertj.core.api.Assertions.within(1e-7));
        }
    }

    @Test
    void anInterruptOpensItAllTheSameAndIsKept() {
        Thread.currentThread().interrupt();
        RowStore store = new RowStore(content(null), Float.BYTES);
        assertThat(store.values().get(3)).isEqualTo((float) (0.25 * RANDOM.normal(3)));
        assertThat(Thread.interrupted()).isTrue();
        assertThat(store.values().get(WIDTH)).isEqualTo((float) (0.25 * RANDOM.normal(WIDTH)));
    }

    @Test
    void whatAnOptimizerKeepsIsZeroAtFirstAndHasAFileOfItsOwn() {
        RowStore store = new RowStore(content(folder), Float.BYTES);
        assertThat(all(store.beside("m").values().slice(0, 100))).containsOnly(0);
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("blocks.0.experts.in.rows", "blocks.0.experts.in.m.rows");
    }

    /** A row of a terabyte of them takes room for itself alone. */
    @Test
    void rowsThatAreNotTouchedTakeNoRoom() throws IOException {
        int rows = 1 << 20;
        int width = 1 << 18;
        long free = Files.getFileStore(folder).getUsableSpace();
        RowStore store = new RowStore(new RowStore.Content(folder, "large", rows, width, RANDOM, 1), Float.BYTES);
        assertThat(store.values().get((long) rows * width - 1)).isEqualTo((float) RANDOM.normal((long) rows * width - 1));
        assertThat(Files.size(folder.resolve("large.rows"))).isGreaterThan(1L << 40);
        assertThat(free - Files.getFileStore(folder).getUsableSpace()).isLessThan(1L << 30);
        assertThat(store.drawnRows()).isEqualTo(1);
    }

    @Test
    void aFileOfSomethingElseIsRefused() throws IOException {
        new RowStore(content(folder), Float.BYTES);
        Path file = folder.resolve("blocks.0.experts.in.rows");
        refused(() -> new RowStore(content(folder), Double.BYTES), file + " is of another model: it holds blocks.0.experts.in, 5000 of 33 float32");
        refused(() -> new RowStore(new RowStore.Content(folder, "blocks.0.experts.in", ROWS, WIDTH, CounterRandom.of(2, "experts"), 0.25), Float.BYTES),
            file + " is of another model");
        long size = Files.size(file);
        try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
            cut.setLength(size - 8);
        }
        refused(() -> new RowStore(content(folder), Float.BYTES), file + " has " + (size - 8) + " bytes, where its rows want " + size + ": it was cut off or added to");
        Files.writeString(file, "a shopping list");
        refused(() -> new RowStore(content(folder), Float.BYTES), file + " is no store of rows: it does not begin with the words \"moe4j store of rows:\"");
        assertThat(Files.readString(file)).isEqualTo("a shopping list");
    }

    @Test
    void aPlaceThatCannotBeWrittenToIsOneSentence() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        refused(() -> new RowStore(content(file), Float.BYTES), "cannot write " + file.resolve("blocks.0.experts.in.rows") + ": " + file + " is a file, not a folder");
        Path huge = folder.resolve("huge");
        refused(() -> new RowStore(new RowStore.Content(huge, "huge", Integer.MAX_VALUE, Integer.MAX_VALUE, RANDOM, 1), Float.BYTES),
            "cannot write " + huge.resolve("huge.rows") + ": ");
        assertThat(huge.toFile().list()).isEmpty();
    }

    private static void refused(org.assertj.core.api.ThrowableAssert.ThrowingCallable open, String sentence) {
        assertThatThrownBy(open).isInstanceOf(InputException.class).hasMessageStartingWith(sentence);
    }
}
