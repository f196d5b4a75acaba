/** The examples of docs/EMBEDDING.md, complete: what is shown there stands here and runs. */
@NullMarked
package dev.tally.embedding;

import org.jspecify.annotations.NullMarked;
