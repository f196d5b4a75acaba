/** Plain HTTP on the main port: answers, health, the page. Knows neither Grizzly nor Tyrus. */
@NullMarked
package dev.tally.server.http;

import org.jspecify.annotations.NullMarked;
