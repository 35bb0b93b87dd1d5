package org.moe4j.backend.cuda;

import org.moe4j.backend.StoredValues;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.Storage;

/** Whole rows of a table, and single columns of rows, picked by number: rows.cu and columns.cu. */
final class TableRows {
    private static final int BLOCK = 256;
    private static final int WARPS = 8;
    private static final int PACK = 4;
    /** Columns that a warp reads at once. */
    private static final int WIDE = 128;
    /** Rows that a warp reads at once. */
    private static final int IN_FLIGHT = 4;

    private final Device device;
    private final Lists lists;

    TableRows(Device device, Lists lists) {
        this.device = device;
        this.lists = lists;
    }

    void gather(Storage table, int width, IntStorage rows, Storage y) {
        if (table instanceof StoredValues stored) {
            gatherStored(stored, width, rows.toArray(), DeviceStorage.of(y));
            return;
        }
        long work = (long) rows.length() * Math.ceilDiv(width, PACK);
        device.launch("gatherRows", device.blocks(work, BLOCK), 1, 1, BLOCK, 0, table, width, rows, y, (long) rows.length());
    }

    /** Rows that lie in a file are sent as they are found: which ones has to be known here. */
    private void gatherStored(StoredValues table, int width, int[] rows, DeviceStorage y) {
        for (int i = 0; i < rows.length; i++) {
            long to = y.address() + (long) i * width * Float.BYTES;
            if (rows[i] < 0) {
                device.fill(to, 0, width);
            } else {
                device.send(table.slice((long) rows[i] * width, width).segment(), to);
            }
        }
    }

    void scatter(Storage x, int width, IntStorage rows, Storage table) {
        device.launch("scatterRows", device.blocks(x.size(), PACK * BLOCK), 1, 1, BLOCK, 0, x, width, rows, table, (long) rows.length());
    }

    void scatterAdd(Storage x, int width, IntStorage rows, Storage table) {
        if (rows.length() > 0 && table.size() > 0) {
            try (Scratch scratch = device.scratch()) {
                RowIndex index = lists.rowIndex(rows, Math.toIntExact(table.size() / width), scratch::ints);
                sumOfPlaces(index.rows(), index, null, x, 1, width, table, true);
            }
        }
    }

    void gatherDot(Storage x, Storage table, int width, IntStorage ids, int perRow, Storage s, boolean add) {
        long warps = perRow == 0 ? 0 : (long) ids.length() / perRow * Math.ceilDiv(perRow, IN_FLIGHT);
        device.launch("gatherDot", blocks(warps), 1, 1, BLOCK, 0, x, table, width, ids, perRow, s, add, warps);
    }

    void gatherSum(Storage weights, Storage table, int width, IntStorage ids, int perRow, Storage y, boolean add) {
        if (y.size() == 0) {
            return;
        }
        long tasks = y.size() / width * Math.ceilDiv(width, WIDE);
        int split = Math.clamp(Integer.highestOneBit(Math.max(1, perRow / IN_FLIGHT)), 1, WARPS);
        device.launch("gatherSum", blocks(tasks * split), 1, 1, BLOCK, 0, weights, table, width, ids, perRow, split, y, add, tasks);
    }

    void gradient(RowIndex index, Storage coefficients, Storage source, int perRow, int width, Storage grad, boolean add) {
        sumOfPlaces(null, index, coefficients, source, perRow, width, grad, add);
    }

    /** @param rows where each sum goes; null: one after the other */
    private void sumOfPlaces(IntStorage rows, RowIndex index, Storage coefficients, Storage source, int perRow, int width, Storage y, boolean add) {
        long count = index.count();
        device.launch("sumOfPlaces", blocks(count), 1, 1, BLOCK, 0, rows, index.starts(), index.order(), count, coefficients, source,
                perRow, width, y, add);
    }

    void gatherColumns(Storage x, int cols, IntStorage columns, int k, Storage y) {
        device.launch("gatherColumns", device.blocks(y.size(), BLOCK), 1, 1, BLOCK, 0, x, cols, columns, k, y, y.size());
    }

    void scatterAddColumns(Storage y, int cols, IntStorage columns, int k, Storage x) {
        device.launch("scatterAddColumns", device.blocks(y.size(), BLOCK), 1, 1, BLOCK, 0, y, cols, columns, k, x, y.size());
    }

    private static int blocks(long warps) {
        return Math.toIntExact(Math.ceilDiv(warps, (long) WARPS));
    }
}
