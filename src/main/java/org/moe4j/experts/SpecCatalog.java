package org.moe4j.experts;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

import org.moe4j.io.InputException;

/**
 * Every router, bank or feed-forward layer there is: the records named {@code Spec} inside the classes of this package (and of those
 * below it) anywhere on the class path, so that writing one file adds a kind. Its name is that of the class without the word for the
 * kind: TopKRouter is "top-k", MlpExperts "mlp", DenseFeedForward "dense".
 */
public final class SpecCatalog<S> {
    public static final SpecCatalog<RouterSpec> ROUTERS = new SpecCatalog<>(RouterSpec.class, "router", "Router");
    public static final SpecCatalog<ExpertsSpec> EXPERTS = new SpecCatalog<>(ExpertsSpec.class, "experts", "Experts");
    public static final SpecCatalog<FeedForwardSpec> FEED_FORWARDS = new SpecCatalog<>(FeedForwardSpec.class, "feed-forward layer", "FeedForward");

    private static final String SPEC_FILE = "$Spec.class";

    private final Class<S> kind;
    private final String what;
    private final SortedMap<String, Class<? extends S>> types = new TreeMap<>();

    /**
     * The kinds in the package of an interface.
     *
     * @param what the word for one in messages
     * @param suffix the word for one in class names
     */
    public static <S> SpecCatalog<S> of(Class<S> kind, String what, String suffix) {
        return new SpecCatalog<>(kind, what, suffix);
    }

    private SpecCatalog(Class<S> kind, String what, String suffix) {
        this.kind = kind;
        this.what = what;
        for (String file : specFiles(kind.getPackageName().replace('.', '/'))) {
            Class<?> type = load(file);
            if (kind.isAssignableFrom(type)) {
                String name = dashed(type.getEnclosingClass().getSimpleName(), suffix);
                Class<?> before = types.put(name, type.asSubclass(kind));
                if (before != null) {
                    throw new IllegalStateException("two kinds of " + what + " are named " + name + ": " + before.getName() + " and " + type.getName());
                }
            }
        }
    }

    /** The interface that all of them implement. */
    public Class<S> kind() {
        return kind;
    }

    /** The names in alphabetical order, with their classes. */
    public SortedMap<String, Class<? extends S>> types() {
        return Collections.unmodifiableSortedMap(types);
    }

    public Set<String> names() {
        return types().keySet();
    }

    /** The name of a spec's kind. */
    public String nameOf(S spec) {
        return types.entrySet().stream().filter(entry -> entry.getValue() == spec.getClass()).map(Map.Entry::getKey).findFirst()
            .orElseThrow(() -> new IllegalArgumentException(spec.getClass().getName() + " is no " + what + " of the package " + kind.getPackageName()));
    }

    /**
     * The named kind as its constructor without arguments makes it.
     *
     * @throws InputException if there is none of that name
     */
    public S example(String name) {
        Class<? extends S> type = types.get(name);
        if (type == null) {
            throw InputException.unknown(what, name, types.keySet());
        }
        return example(type);
    }

    /** One of each kind. */
    public List<S> examples() {
        return types.values().stream().map(SpecCatalog::<S>example).toList();
    }

    static <S> S example(Class<? extends S> type) {
        try {
            return type.getConstructor().newInstance();
        } catch (NoSuchMethodException missing) {
            throw new IllegalStateException(type.getName() + " wants a public constructor without arguments: its defaults, at a size for tests", missing);
        } catch (InvocationTargetException refused) {
            throw new IllegalStateException(type.getName() + " refuses its own defaults: " + refused.getCause().getMessage(), refused.getCause());
        } catch (ReflectiveOperationException hidden) {
            throw new IllegalStateException(type.getName() + " has to be a public record of a public class", hidden);
        }
    }

    /** "NoisyTopKRouter" without "Router" as "noisy-top-k". */
    private static String dashed(String className, String suffix) {
        String stem = className.endsWith(suffix) ? className.substring(0, className.length() - suffix.length()) : className;
        return stem.replaceAll("(?<=.)(?=\\p{Lu})", "-").toLowerCase(Locale.ROOT);
    }

    private static Class<?> load(String file) {
        try {
            return Class.forName(file.substring(0, file.length() - ".class".length()).replace('/', '.'), false, SpecCatalog.class.getClassLoader());
        } catch (ClassNotFoundException unreadable) {
            throw new IllegalStateException("the class path lists " + file + " and does not have it", unreadable);
        }
    }

    /** The class files named Spec in a folder of the class path, in whichever directories and jars it stands. */
    private static List<String> specFiles(String folder) {
        try {
            return Collections.list(SpecCatalog.class.getClassLoader().getResources(folder)).stream()
                .flatMap(place -> specFiles(place, folder)).distinct().sorted().toList();
        } catch (IOException unreadable) {
            throw new UncheckedIOException("the class path cannot be read", unreadable);
        }
    }

    private static Stream<String> specFiles(URL place, String folder) {
        try {
            if (place.openConnection() instanceof JarURLConnection jar) {
                return jar.getJarFile().stream().map(entry -> entry.getName()).filter(name -> name.startsWith(folder + "/") && name.endsWith(SPEC_FILE))
                    .toList().stream();
            }
            Path root = Path.of(place.toURI());
            try (Stream<Path> files = Files.walk(root)) {
                return files.filter(file -> file.toString().endsWith(SPEC_FILE))
                    .map(file -> folder + "/" + root.relativize(file).toString().replace('\\', '/')).toList().stream();
            }
        } catch (IOException | URISyntaxException unreadable) {
            throw new IllegalStateException("the class path has " + place + ", which cannot be read", unreadable);
        }
    }
}
