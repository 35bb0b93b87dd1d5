package org.moe4j.bench;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.moe4j.backend.Backend;

/**
 * Every work by its name, with the sizes in which it is measured.
 *
 * @param work the name
 * @param sizes as {@link Size} reads them
 * @param warmUp seconds until it runs at its lasting speed
 * @param opening makes it
 */
record Catalog(String work, List<String> sizes, int warmUp, Opening opening) {
    /** How a work is set up. */
    interface Opening {
        Work open(Size size, Backend on);
    }

    private static final int KERNEL = 3;
    private static final int STEP = 8;
    private static final int MODEL = 20; // a decoder's step still got faster after 12 s: 471, 427, 411 and then 405 ms
    private static final String LAYERS = "layers=4 dim=256 heads=4 sequence=256 batch=8 vocabulary=8192";

    static final List<Catalog> ALL = List.of(
        new Catalog("sgemm", square(128, 256, 512, 1024, 2048), KERNEL, ProductWork::new),
        new Catalog("skinny", products("", 16, 32, 64), KERNEL, ProductWork::new),
        new Catalog("grouped", products("experts=64 ", 16, 32, 64), KERNEL, GroupedWork::new),
        new Catalog("elementwise", Stream.of("exp", "tanh", "gelu", "softplus", "softmax", "layernorm")
            .flatMap(f -> Stream.of("function=" + f + " n=65536", "function=" + f + " n=16777216")).toList(), KERNEL, ElementwiseWork::new),
        new Catalog("attention", passes("batch=4 time=512 heads=8 dim=64", "forward", "gradient"), KERNEL, AttentionWork::new),
        new Catalog("peer-step", Stream.of("", " table=bfloat16").flatMap(table -> passes("experts=1048576 heads=8 topk=16 dim=256 tokens=512" + table,
            "forward", "gradient", "update").stream()).toList(), STEP, LayerWork::peer),
        new Catalog("moe-step", passes("experts=64 topk=2 dim=256 hidden=1024 tokens=2048", "forward", "gradient"), STEP, LayerWork::mixture),
        new Catalog("stored-step", Stream.of("256 place=files", "4096 place=files", "256 place=memory", "4096 place=memory")
            .map(bank -> "experts=" + bank + " dim=64 hidden=256 tokens=32 pass=update").toList(), STEP, LayerWork::stored),
        new Catalog("lm-step", List.of(LAYERS), MODEL, ModelWork::dense),
        new Catalog("lm-peer-step", List.of(LAYERS + " experts=1048576 topk=16 peer-heads=8"), MODEL, ModelWork::peer),
        new Catalog("lm-moe-step", List.of(LAYERS + " granularity=8 expansion=8"), MODEL, ModelWork::mixture));

    private static final String GPU_LAYERS = "layers=12 dim=768 heads=12 sequence=1024 batch=8 vocabulary=32768";

    /** At sizes that fill a GPU. */
    static final List<Catalog> ON_GPU = List.of(
        new Catalog("sgemm", square(1024, 2048, 4096, 8192), KERNEL, ProductWork::new),
        new Catalog("grouped", Stream.of(64, 256, 1024).flatMap(m -> Stream.of("experts=64 m=" + m + " n=4096 k=1024", "experts=64 m=" + m + " n=1024 k=4096")).toList(),
            KERNEL, GroupedWork::new),
        new Catalog("elementwise", Stream.of("exp", "gelu", "softmax", "layernorm").map(f -> "function=" + f + " n=268435456").toList(), KERNEL, ElementwiseWork::new),
        new Catalog("attention", passes("batch=8 time=4096 heads=16 dim=64", "forward", "gradient"), KERNEL, AttentionWork::new),
        new Catalog("peer-step", Stream.of(256, 1024).flatMap(d -> passes("experts=1048576 heads=8 topk=16 dim=" + d + " tokens=4096", "forward", "gradient", "update").stream()).toList(),
            STEP, LayerWork::peer),
        new Catalog("moe-step", passes("experts=64 topk=2 dim=1024 hidden=4096 tokens=16384", "forward", "gradient"), STEP, LayerWork::mixture),
        new Catalog("lm-step", List.of(GPU_LAYERS), STEP, ModelWork::dense));

    /** Iterations of a kernel that one of this work lasts: a step of a tenth of a second or more is slower right after a pause, when caches are cold and processors asleep. */
    int length() {
        return warmUp == KERNEL ? 1 : 5;
    }

    static Catalog named(String work) {
        return ALL.stream().filter(each -> each.work.equals(work)).findFirst().orElseThrow();
    }

    /** What is timed on a back end, by the name it is opened with. */
    static List<Catalog> of(String device) {
        return isGpu(device) ? ON_GPU : ALL;
    }

    static boolean isGpu(String device) {
        return device.startsWith("cuda");
    }

    /** PyTorch's name of the device that a back end computes on. */
    static String torchDevice(String device) {
        return isGpu(device) ? device.replaceFirst("\\+.*", "") : TorchProgram.CPU;
    }

    /** The first of its sizes. */
    Size first() {
        return Size.of(sizes.getFirst());
    }

    /** The work and what sets this size apart from its others. */
    String label(Size size) {
        String apart = size.values().entrySet().stream()
            .filter(e -> sizes.stream().anyMatch(other -> !e.getValue().equals(Size.of(other).values().get(e.getKey()))))
            .map(e -> e.getKey() + "=" + e.getValue()).collect(Collectors.joining(" "));
        return apart.isEmpty() ? work : work + " " + apart;
    }

    private static List<String> square(int... extents) {
        return Arrays.stream(extents).mapToObj(n -> "m=" + n + " n=" + n + " k=" + n).toList();
    }

    /** So many rows through the two matrices of a feed-forward layer of width 256 and hidden width 1024. */
    private static List<String> products(String before, int... rows) {
        return Arrays.stream(rows).boxed()
            .flatMap(m -> Stream.of(before + "m=" + m + " n=1024 k=256", before + "m=" + m + " n=256 k=1024")).toList();
    }

    private static List<String> passes(String size, String... passes) {
        return Stream.of(passes).map(pass -> size + " pass=" + pass).toList();
    }
}
