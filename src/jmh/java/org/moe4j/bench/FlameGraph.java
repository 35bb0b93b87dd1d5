package org.moe4j.bench;

import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/** Sampled stacks as an SVG picture: a box for each method above its caller, as wide as the share of samples it was in. */
final class FlameGraph {
    private static final int WIDTH = 1200;
    private static final int ROW = 17;
    private static final double LEAST = 1.5; // pixels: narrower boxes are left out
    private static final double LETTER = 6.3;

    private final StringBuilder boxes = new StringBuilder();
    private final int height;

    /** A method called from a certain path. */
    private static final class Node {
        private final TreeMap<String, Node> callees = new TreeMap<>();
        private int samples;

        int depth() {
            return 1 + callees.values().stream().mapToInt(Node::depth).max().orElse(0);
        }
    }

    private FlameGraph(int height) {
        this.height = height;
    }

    /** @param stacks outermost frame first, as in package.Class.method */
    static String svg(String title, List<List<String>> stacks) {
        Node root = new Node();
        for (List<String> stack : stacks) {
            Node at = root;
            at.samples++;
            for (String frame : stack) {
                at = at.callees.computeIfAbsent(frame, _ -> new Node());
                at.samples++;
            }
        }
        FlameGraph graph = new FlameGraph((root.depth() + 1) * ROW);
        graph.draw("all", root, 0, WIDTH, 0, Math.max(1, root.samples));
        return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + WIDTH + " " + graph.height
            + "\" font-family=\"sans-serif\" font-size=\"11\">\n<text x=\"4\" y=\"12\" font-weight=\"bold\">" + title + "</text>\n" + graph.boxes + "</svg>\n";
    }

    private void draw(String frame, Node node, double x, double width, int level, int all) {
        int y = height - (level + 1) * ROW;
        String name = frame.replaceAll("^.*\\.([^.]+\\.[^.]+)$", "$1").replace("<", "&lt;");
        String color = frame.startsWith("org.moe4j.backend.simd.Team.") ? "#BBBBBB" : frame.startsWith("org.moe4j.backend") ? "#F0A060"
            : frame.startsWith("org.moe4j.") ? "#F4D06F" : "#9CC5E4";
        int letters = (int) (width / LETTER);
        String label = letters < 4 ? "" : name.length() <= letters ? name : name.substring(0, letters - 1) + "…";
        boxes.append(String.format(Locale.ROOT, "<g><title>%s: %.1f %%</title><rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\" "
            + "stroke=\"white\" stroke-width=\"0.5\"/><text x=\"%.1f\" y=\"%d\">%s</text></g>%n", name, 100.0 * node.samples / all, x, y, width, ROW - 1, color,
            x + 2, y + 12, label));
        double at = x;
        for (var callee : node.callees.entrySet()) {
            double share = width * callee.getValue().samples / Math.max(1, node.samples);
            if (share >= LEAST) {
                draw(callee.getKey(), callee.getValue(), at, share, level + 1, all);
            }
            at += share;
        }
    }
}
