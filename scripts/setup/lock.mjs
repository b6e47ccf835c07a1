// One set-up at a time, across processes: a directory as lock, with a heartbeat so that a killed holder blocks nobody.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

import { readJson } from "./project.mjs";

const HEARTBEAT_MS = 2_000;
const STALE_MS = 30_000;
const POLL_MS = 200;

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, under another user.
    return error.code === "EPERM";
  }
}

/** Age of a path's last change in milliseconds; undefined when it is gone. */
function age(target) {
  const stat = fs.statSync(target, { throwIfNoEntry: false });
  return stat === undefined ? undefined : Date.now() - stat.mtimeMs;
}

function isStale(lock) {
  const owner = readJson(path.join(lock, "owner.json"));
  if (owner !== undefined && owner.host === os.hostname() && !isAlive(owner.pid)) return true;
  return (age(lock) ?? 0) > STALE_MS;
}

/** The owner's file goes in before the rename, and a rename onto a directory that is not empty fails: so it is atomic. */
function tryTake(lock) {
  const draft = fs.mkdtempSync(`${lock}.`);
  fs.writeFileSync(path.join(draft, "owner.json"), JSON.stringify({ pid: process.pid, host: os.hostname() }));
  try {
    fs.renameSync(draft, lock);
    return true;
  } catch (error) {
    fs.rmSync(draft, { recursive: true, force: true });
    if (["ENOTEMPTY", "EEXIST", "EPERM", "ENOTDIR"].includes(error.code)) return false;
    throw error;
  }
}

/**
 * Takes the lock away in one step. Deleting it in place would leave it empty for a moment, and a rename onto an empty
 * directory succeeds: somebody's fresh lock would be deleted with ours.
 */
function remove(lock) {
  const trash = fs.mkdtempSync(`${lock}.`);
  try {
    fs.renameSync(lock, path.join(trash, "lock"));
  } catch (error) {
    if (error.code !== "ENOENT") throw error; // ENOENT: it is gone already.
  } finally {
    fs.rmSync(trash, { recursive: true, force: true });
  }
}

/** Whether this process holds the lock: after a long sleep somebody may have taken it for stale. */
function isOurs(lock) {
  const owner = readJson(path.join(lock, "owner.json"));
  return owner !== undefined && owner.pid === process.pid && owner.host === os.hostname();
}

/** Removes a dead holder's lock. Only one process breaks at a time, or two could remove each other's fresh lock. */
function breakStale(lock) {
  const breaker = `${lock}-break`;
  try {
    fs.mkdirSync(breaker);
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if ((age(breaker) ?? 0) > STALE_MS) fs.rmSync(breaker, { recursive: true, force: true });
    return;
  }
  try {
    if (isStale(lock)) remove(lock);
  } finally {
    fs.rmSync(breaker, { recursive: true, force: true });
  }
}

/**
 * Waits for the lock and takes it.
 * @param {string} lock Path of the lock directory; its parent is made when missing.
 * @param {(pid: number | undefined) => void} onWait Called once when somebody else holds it.
 * @returns {Promise<() => void>} Releases the lock; safe to call twice.
 */
export async function takeLock(lock, onWait) {
  fs.mkdirSync(path.dirname(lock), { recursive: true });
  let waited = false;
  while (!tryTake(lock)) {
    if (isStale(lock)) {
      breakStale(lock);
    } else if (!waited) {
      waited = true;
      onWait(readJson(path.join(lock, "owner.json"))?.pid);
    }
    await sleep(POLL_MS);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    if (isOurs(lock)) fs.utimesSync(lock, now, now);
  }, HEARTBEAT_MS);
  heartbeat.unref();
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    clearInterval(heartbeat);
    if (isOurs(lock)) remove(lock);
  };
}
