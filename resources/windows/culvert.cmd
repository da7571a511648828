@echo off
setlocal
set "NODE_OPTIONS="
set "NODE_PATH="
"%~dp0node.exe" --max-semi-space-size=1 --no-maglev "%~dp0culvert.mjs" %*
