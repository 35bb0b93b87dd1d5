package org.moe4j.bench;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.moe4j.backend.Backend;
import org.moe4j.backend.Epilogue;
import org.moe4j.backend.GroupedProduct;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.HostInts;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.RowIndex;
import org.moe4j.tensor.RowSums;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/**
 * The time of a step over the sum of its kernels: each call that one step makes of its back end, measured alone, and beside it what the same calls took
 * within steps. Calls of a kind, with the same extents and flags, are measured alone once, on the memory of the first, again and again: what fits a cache
 * is in it, which it need not be in the step. Where both differ much, a kernel waits for memory.
 */
final class StepKernels {
    private static final Set<String> NOT_KERNELS = Set.of("name", "deviceName", "bytesPerValue", "allocate", "allocateInts", "store", "freeDeviceBytes", "close");
    private static final int SHOWN = 10;
    private static final int LEAST_RUNS = 7;
    private static final double KERNEL_SECONDS = 0.06;
    private static final double STEP_SECONDS = 6;
    /** Values that are drawn anew before a kernel is measured; tables, which are larger, are left as they are. */
    private static final long LARGEST_DRAWN = 1 << 26;

    private record Kernel(Method method, Object[] arguments) {
        void run(Backend on) {
            try {
                method.invoke(on, arguments);
            } catch (InvocationTargetException failure) {
                throw new IllegalStateException(method.getName() + " alone", failure.getCause());
            } catch (IllegalAccessException impossible) {
                throw new AssertionError(impossible);
            }
        }

        String kind() {
            return method.getName() + Arrays.stream(arguments).map(a -> " " + extent(a)).collect(Collectors.joining());
        }

        private static String extent(Object argument) {
            return switch (argument) {
                case null -> "-";
                case Storage x -> Long.toString(x.size());
                case IntStorage x -> Long.toString(x.length());
                case Strided x -> Arrays.toString(x.strides());
                case RowSums x -> Long.toString(x.size());
                case int[] dims -> Arrays.toString(dims);
                case Epilogue.Layer x -> x.f() == null ? "bias" : x.f().function().name();
                case Epilogue.Slope x -> "slope of " + x.f().function();
                case List<?> all -> all.stream().map(Kernel::extent).collect(Collectors.joining(", ", "[", "]"));
                case GroupedProduct x -> x.getClass().getSimpleName() + parts(x).map(part -> " " + extent(part)).collect(Collectors.joining());
                case Record x -> x.getClass().getSimpleName();
                case Number x -> x.toString();
                case Boolean x -> x.toString();
                case Enum<?> x -> x.name();
                default -> "";
            };
        }
    }

    /** The components of a record. */
    private static Stream<Object> parts(Object whole) {
        return Arrays.stream(whole.getClass().getRecordComponents()).map(part -> {
            try {
                return part.getAccessor().invoke(whole);
            } catch (ReflectiveOperationException impossible) {
                throw new AssertionError(impossible);
            }
        });
    }

    private final Backend on;
    private List<Kernel> recorded; // null while nothing is
    private List<Long> taken; // nanoseconds of each call of a step; null while nobody asks

    private StepKernels(Backend on) {
        this.on = on;
    }

    /** A few lines. */
    static String measure(Catalog work, Size size, Backend on) {
        return new StepKernels(on).measure(work, size);
    }

    private String measure(Catalog work, Size size) {
        Backend watched = (Backend) Proxy.newProxyInstance(Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, (_, method, arguments) -> call(method, arguments));
        Work it = work.opening().open(size, watched);
        times(work.warmUp(), it::run);
        double step = median(times(STEP_SECONDS, it::run));
        recorded = new ArrayList<>();
        it.run();
        List<Kernel> calls = recorded;
        recorded = null;
        Map<String, List<Kernel>> kinds = calls.stream().collect(Collectors.groupingBy(Kernel::kind, LinkedHashMap::new, Collectors.toList()));
        Map<String, Double> within = withinSteps(calls, it);
        Map<String, Double> seconds = new LinkedHashMap<>();
        kinds.forEach((kind, each) -> seconds.put(kind, each.size() * alone(each.getFirst())));
        double sum = seconds.values().stream().mapToDouble(Double::doubleValue).sum();
        StringBuilder lines = new StringBuilder(String.format(Locale.ROOT, "%s: a step takes %.1f ms, its %,d kernels alone %.1f ms: %.2f times; within it %.1f ms%n", work.work(),
            1e3 * step, calls.size(), 1e3 * sum, step / sum, 1e3 * within.values().stream().mapToDouble(Double::doubleValue).sum()));
        seconds.entrySet().stream().sorted(Map.Entry.comparingByValue(Comparator.reverseOrder())).limit(SHOWN)
            .forEach(e -> lines.append(String.format(Locale.ROOT, "  %7.2f ms alone, %7.2f within the step  %d x %s%n", 1e3 * e.getValue(), 1e3 * within.get(e.getKey()),
                kinds.get(e.getKey()).size(), e.getKey())));
        return lines.toString();
    }

    /** Seconds that the calls of each kind take in a step, the sum of each call's median over several steps. A step that calls otherwise, as routing may, isn't one of them. */
    private Map<String, Double> withinSteps(List<Kernel> calls, Work it) {
        List<List<Long>> steps = new ArrayList<>();
        times(STEP_SECONDS, () -> {
            taken = new ArrayList<>();
            it.run();
            if (taken.size() == calls.size()) steps.add(taken);
            taken = null;
        });
        Map<String, Double> seconds = new LinkedHashMap<>();
        for (int i = 0; i < calls.size(); i++) {
            int call = i;
            seconds.merge(calls.get(i).kind(), median(steps.stream().mapToDouble(step -> 1e-9 * step.get(call)).toArray()), Double::sum);
        }
        return seconds;
    }

    private Object call(Method method, Object[] arguments) throws Throwable {
        if (recorded != null && !NOT_KERNELS.contains(method.getName())) {
            recorded.add(new Kernel(method, Arrays.stream(arguments).map(this::kept).toArray()));
        }
        long start = System.nanoTime();
        try {
            return method.invoke(on, arguments);
        } catch (InvocationTargetException failure) {
            throw failure.getCause();
        } finally {
            if (taken != null && !NOT_KERNELS.contains(method.getName())) taken.add(System.nanoTime() - start);
        }
    }

    /** What is still the same when the step is over: its lists are not. */
    private Object kept(Object argument) {
        return switch (argument) {
            case HostInts list -> kept(list);
            case RowSums x -> new RowSums(new RowIndex(kept(x.index().rows()), kept(x.index().starts()), kept(x.index().order())), x.coefficients(), x.source(), x.perRow(), x.width());
            case IntFunction<?> _ -> (IntFunction<IntStorage>) on::allocateInts;
            case null, default -> argument;
        };
    }

    private static IntStorage kept(IntStorage list) {
        return list instanceof HostInts ? IntStorage.of(list.toArray()) : list;
    }

    private double alone(Kernel kernel) {
        Arrays.stream(kernel.arguments).flatMap(StepKernels::storages).filter(x -> x.size() <= LARGEST_DRAWN && x.inMemory())
            .forEach(x -> on.normal(CounterRandom.of(1, "alone"), 0.02, x));
        kernel.run(on);
        return median(times(KERNEL_SECONDS, () -> kernel.run(on)));
    }

    private static Stream<Storage> storages(Object argument) {
        return switch (argument) {
            case Storage x -> Stream.of(x);
            case Strided x -> Stream.of(x.data());
            case List<?> all -> all.stream().flatMap(StepKernels::storages);
            case GroupedProduct x -> parts(x).flatMap(StepKernels::storages);
            case null, default -> Stream.empty();
        };
    }

    /** Of one run after the other for so long, and some at least. */
    private static double[] times(double seconds, Runnable body) {
        List<Double> times = new ArrayList<>();
        for (long start = System.nanoTime(); times.size() < LEAST_RUNS || System.nanoTime() - start < 1e9 * seconds; ) {
            long before = System.nanoTime();
            body.run();
            times.add(1e-9 * (System.nanoTime() - before));
        }
        return times.stream().mapToDouble(Double::doubleValue).toArray();
    }

    private static double median(double[] seconds) {
        return Measured.median(seconds);
    }
}
