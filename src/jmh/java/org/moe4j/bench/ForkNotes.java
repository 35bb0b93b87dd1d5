package org.moe4j.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import org.moe4j.io.AtomicFile;
import org.moe4j.io.InputException;

/**
 * What a fork tells beside its times.
 *
 * @param heap bytes of the heap in steady state: weights, moments, gradients, the arena
 * @param peers seconds of each peer, iteration by iteration
 */
record ForkNotes(Demand demand, long heap, List<PeerTime> peers) {
    /** Seconds a run that a peer took in one iteration. */
    record PeerTime(String peer, double seconds) {}

    void write(Path file) {
        StringBuilder text = new StringBuilder();
        text.append(demand.flops()).append('\t').append(demand.streamed()).append('\t').append(demand.cached()).append('\t').append(demand.gathered())
            .append('\n').append(heap).append('\n');
        peers.forEach(p -> text.append(p.peer).append('\t').append(p.seconds).append('\n'));
        AtomicFile.write(file, text.toString());
    }

    static ForkNotes read(Path file) {
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (IOException failure) {
            throw InputException.reading(file, failure);
        }
        String[] d = lines.getFirst().split("\t");
        List<PeerTime> peers = new ArrayList<>();
        for (String line : lines.subList(2, lines.size())) {
            String[] cells = line.split("\t");
            peers.add(new PeerTime(cells[0], Double.parseDouble(cells[1])));
        }
        return new ForkNotes(new Demand(Double.parseDouble(d[0]), Double.parseDouble(d[1]), Double.parseDouble(d[2]), Double.parseDouble(d[3])),
            Long.parseLong(lines.get(1)), peers);
    }
}
