package org.moe4j.backend.cuda;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Launches a stream's work as CUDA graphs, where the same comes again. Work is put in order here and goes to the device in
 * sections: when there is enough for one, and before anything waits for the device. A section whose works have been seen before,
 * but for their arguments, is a graph from its second time on: those of its nodes whose arguments differ are changed, and it takes
 * one launch.
 *
 * <p>A graph never does what was not asked for. Whatever is launched has been asked for anew by the host, argument by argument: a
 * node either has the very arguments asked for, or gets them before the launch. So learning rates, bias corrections, keys of random
 * numbers and addresses are those of the step; a section that fits no graph (another batch size, an evaluation, other numbers of
 * rows on the host) is submitted work by work, as without graphs. If the driver refuses to make, change or launch a graph, the
 * same happens from there on, with one warning. A device that is lost shows at the next call, as ever.
 *
 * <p>A graph's nodes are a chain: what runs in order on a stream runs in order here, and memory is used again as early.
 */
final class Graphs {
    /** Works of a section: few enough that the device starts on one while the host makes the next. */
    static final int MOST_WORKS = 128;
    /** Below this many, launching them one by one costs no more. */
    private static final int FEWEST_WORKS = 4;
    /** Sections of one shape, such as equal layers, that are kept apart so that few nodes change. */
    private static final int MOST_ALIKE = 64;
    private static final int MOST_SECTIONS = 512;
    private static final Logger LOG = LoggerFactory.getLogger(Graphs.class);

    private final GraphCalls calls;
    private final long stream;
    private final Map<Shape, List<Section>> sections = new LinkedHashMap<>(16, 0.75f, true);
    private int count;
    private List<Work> pending = new ArrayList<>(MOST_WORKS);
    private boolean refused;

    Graphs(GraphCalls calls, long stream) {
        this.calls = calls;
        this.stream = stream;
    }

    /** Works that fit each other, one by one. */
    private record Shape(List<Work> works) {
        @Override
        public boolean equals(Object other) {
            if (!(other instanceof Shape shape) || works.size() != shape.works.size()) {
                return false;
            }
            for (int i = 0; i < works.size(); i++) {
                if (!works.get(i).fits(shape.works.get(i))) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public int hashCode() {
            return works.stream().mapToInt(Work::shape).reduce(0, (hash, shape) -> 31 * hash + shape);
        }
    }

    /** Works as they were last launched, and their graph, once they have come twice. */
    private static final class Section {
        private final Work[] works;
        private final long[] nodes;
        private long graph;
        private long executable;

        Section(List<Work> works) {
            this.works = works.toArray(Work[]::new);
            nodes = new long[this.works.length];
        }

        /** How many works differ, or a number above {@code most}. */
        int differences(List<Work> wanted, int most) {
            int differences = 0;
            for (int i = 0; i < works.length && differences <= most; i++) {
                differences += works[i].same(wanted.get(i)) ? 0 : 1;
            }
            return differences;
        }
    }

    void add(Work work) {
        pending.add(work);
        if (pending.size() == MOST_WORKS) {
            flush();
        }
    }

    /** Submits what has been put in order. */
    void flush() {
        List<Work> wanted = pending;
        pending = new ArrayList<>(MOST_WORKS);
        if (refused || wanted.size() < FEWEST_WORKS || !launched(wanted)) {
            wanted.forEach(work -> work.submit(stream));
        }
    }

    /** Whether it has been launched as a graph. */
    private boolean launched(List<Work> wanted) {
        List<Section> alike = sections.computeIfAbsent(new Shape(wanted), _ -> new ArrayList<>());
        Section section = closest(alike, wanted);
        if (section == null) {
            alike.add(new Section(wanted));
            count++;
            forgetEldest();
            return false;
        }
        try {
            if (section.executable == 0) {
                make(section, wanted);
            } else {
                change(section, wanted);
            }
            calls.launch(section.executable);
            return true;
        } catch (CudaException | IllegalStateException refusal) {
            LOG.warn("CUDA graphs are not used from here on: {}", refusal.getMessage());
            refused = true;
            return false;
        }
    }

    /** The one with the fewest works to change; null if there is none with few, and room for another. */
    private static Section closest(List<Section> alike, List<Work> wanted) {
        Section closest = null;
        int fewest = alike.size() < MOST_ALIKE ? wanted.size() / 2 : wanted.size();
        for (Section section : alike) {
            int differences = section.differences(wanted, fewest);
            if (differences <= fewest) {
                closest = section;
                fewest = differences - 1;
            }
            if (differences == 0) {
                break;
            }
        }
        return closest;
    }

    private void make(Section section, List<Work> wanted) {
        section.graph = calls.create();
        long previous = 0;
        for (int i = 0; i < wanted.size(); i++) {
            previous = wanted.get(i).addTo(calls, section.graph, previous);
            section.nodes[i] = previous;
            section.works[i] = wanted.get(i);
        }
        section.executable = calls.instantiate(section.graph);
    }

    private void change(Section section, List<Work> wanted) {
        for (int i = 0; i < wanted.size(); i++) {
            if (!section.works[i].same(wanted.get(i))) {
                wanted.get(i).update(calls, section.executable, section.nodes[i]);
                section.works[i] = wanted.get(i);
            }
        }
    }

    private void forgetEldest() {
        if (count > MOST_SECTIONS) {
            Driver.synchronize(stream);                                            // some may be running
            List<Section> eldest = sections.remove(sections.keySet().iterator().next());
            count -= eldest.size();
            eldest.forEach(this::destroy);
        }
    }

    private void destroy(Section section) {
        if (section.executable != 0) {
            calls.destroyExecutable(section.executable);
        }
        if (section.graph != 0) {
            calls.destroy(section.graph);
        }
    }

    /** When the stream's work is done. */
    void close() {
        sections.values().forEach(alike -> alike.forEach(this::destroy));
        sections.clear();
    }
}
