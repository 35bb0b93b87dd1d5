package org.moe4j.cli;

import java.util.concurrent.Callable;
import org.moe4j.surgery.DomainAddition;
import org.moe4j.surgery.DomainExtraction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The operations of {@link Surgery} on models with random routed experts. */
final class DomainSurgery {
    private DomainSurgery() {}

    @Command(name = "experiments/run surgery extract", sortOptions = false, description = "Takes one domain out of a model with random routed experts.")
    static final class Extract implements Callable<Integer> {
        @Mixin
        private ModelFolders folders;

        @Option(names = "--domain", paramLabel = "D", required = true, description = "its number; the new model has it alone, as number 0")
        private int domain;

        @Override
        public Integer call() {
            return folders.operateOnOne("extraction of domain " + domain, (on, model) -> new DomainExtraction(domain).apply(on, model));
        }
    }

    @Command(name = "experiments/run surgery add-domain", sortOptions = false, description = "Adds a domain to a model with random routed experts.")
    static final class Add implements Callable<Integer> {
        @Mixin
        private ModelFolders folders;

        @Option(names = "--experts", paramLabel = "N", description = "new experts of each layer; as many as the domain of --like has by default")
        private int experts;

        @Option(names = "--like", paramLabel = "D", description = "begin as copies of this domain's experts; new ones by default")
        private int like = -1;

        @Override
        public Integer call() {
            DomainAddition addition = new DomainAddition(experts, like, folders.seed());
            return folders.operateOnOne("addition of a domain", (on, model) -> {
                var larger = addition.apply(on, model);
                System.out.println("to train what is new: tune --domain " + addition.domain(larger) + " --trained " + String.join(",", addition.trained(larger)));
                return larger;
            });
        }
    }
}
