package org.moe4j.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The peers that {@code --peers} looks for on this machine. */
enum PeerKind {
    OPENBLAS {
        @Override
        String missing() {
            return OpenBlas.missing();
        }

        @Override
        List<Peer> open(String work, Size size, int threads) {
            return OpenBlasPeer.does(work) ? List.of(new OpenBlasPeer(work, size, threads)) : List.of();
        }
    },
    TORCH {
        @Override
        String missing() {
            return TorchProgram.missing();
        }

        @Override
        List<Peer> open(String work, Size size, int threads) {
            return TorchProgram.open(work, size, threads);
        }
    };

    /** Why it cannot run here, or null if it can. */
    abstract String missing();

    /** It in each of its ways to do this work, none if it cannot. */
    abstract List<Peer> open(String work, Size size, int threads);

    /** Those that are installed; what is missing is said in one line. */
    static List<PeerKind> installed() {
        List<PeerKind> there = new ArrayList<>(Arrays.asList(values()));
        List<String> missing = new ArrayList<>();
        there.removeIf(kind -> {
            String why = kind.missing();
            if (why != null) {
                missing.add(why);
            }
            return why != null;
        });
        if (!missing.isEmpty()) {
            System.out.println("Peers not run: " + String.join("; ", missing) + ".");
        }
        return there;
    }
}
